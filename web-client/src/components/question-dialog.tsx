import { useId, useLayoutEffect, useRef } from "react";

import { useStore } from "../lib/store";
import { useAsync } from "../rpc/use-async";
import { Button } from "./button";
import { ProblemNote } from "./problem-note";
import { type OpenQuestion, openQuestion } from "./question";

/** The question that is open, above the page. */
export function QuestionDialog() {
  const question = useStore(openQuestion);
  return question && <Asked key={question.id} question={question} />;
}

function Asked({ question }: { question: OpenQuestion }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const title = useId();
  const told = useAsync("told", question.load);
  // Before it leaves the page again it is closed: the focus then goes back to where it came from.
  useLayoutEffect(() => {
    const shown = dialog.current;
    shown?.showModal();
    return () => shown?.close();
  }, []);
  return (
    <dialog
      ref={dialog}
      className="question"
      aria-labelledby={title}
      onCancel={(event) => {
        event.preventDefault();
        question.answer(false);
      }}
    >
      <div className="stack" aria-busy={told.state === "loading"}>
        <h2 id={title}>{question.title}</h2>
        {told.state === "loading" && <p className="quiet">Asking ClickHouse…</p>}
        {told.state === "failed" && <ProblemNote problem={told.problem} />}
        {told.state === "ready" && <div className="stack tight">{told.value.text}</div>}
        <div className="row end">
          <Button onClick={() => question.answer(false)}>Cancel</Button>
          {told.state === "ready" && (
            <Button look="danger" onClick={() => question.answer(true)}>
              {told.value.action}
            </Button>
          )}
        </div>
      </div>
    </dialog>
  );
}
