import { useStore } from "../lib/store";
import { dismissFailure, failures } from "../rpc/failures";
import { Button } from "./button";
import { ProblemNote } from "./problem-note";

/** What went wrong where no other place shows it. */
export function FailureNotes() {
  const shown = useStore(failures);
  if (shown.length === 0) return null;
  return (
    <section className="failures stack tight" aria-label="What went wrong">
      {shown.map(({ id, problem }) => (
        <ProblemNote key={id} problem={problem}>
          <div>
            <Button isSmall onClick={() => dismissFailure(id)}>
              Dismiss
            </Button>
          </div>
        </ProblemNote>
      ))}
    </section>
  );
}
