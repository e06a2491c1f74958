import { useState } from "react";
import { type Problem } from "sluice-client/parts";

import { Button } from "../../components/button";
import { FileDrop } from "../../components/file-drop";
import type { PickedFile } from "../../components/picked-file";
import { address, navigate } from "../../lib/route";
import { useClients } from "../../rpc/clients";
import { attend } from "../../rpc/failures";
import { mayRetry, type UploadJob } from "./upload-job";
import {
  beginAgain,
  beginHeld,
  firstHeldBehind,
  replaceByNothing,
  retryUpload,
} from "./upload-queue";

interface WaysOnProps {
  job: UploadJob;
  /** Why it failed; undefined where it was stopped. */
  problem: Problem | undefined;
}

/** Where an upload that did not load leads: go on, try again, choose the file again, skip it. */
export function WaysOn({ job, problem }: WaysOnProps) {
  const clients = useClients();
  const [isChoosing, setChoosing] = useState(problem?.reason === "FILE_UNREADABLE");
  const behind = firstHeldBehind(job);
  const mayGoOn = problem !== undefined && mayRetry(problem);
  const isEmptyReplacement = problem?.reason === "EMPTY_REPLACEMENT" && !job.spec.dryRun;
  /** The page of a transfer follows it to its new id. */
  const follow = async (begun: Promise<string | null>) => {
    const { parts } = address.get();
    const id = await begun;
    if (id !== null && parts[0] === "transfers" && parts[1] === job.id) navigate("transfers", id);
  };
  const again = (picked?: PickedFile) => attend(follow(beginAgain(clients, job, picked)));
  return (
    <div className="stack tight">
      <div className="row">
        {mayGoOn && (
          <Button isSmall onClick={() => attend(retryUpload(clients, job))}>
            Go on
          </Button>
        )}
        {!mayGoOn && !isChoosing && (
          <Button isSmall onClick={() => again()}>
            {problem ? "Try again" : "Begin again"}
          </Button>
        )}
        {problem && !isChoosing && (
          <Button isSmall onClick={() => setChoosing(true)}>
            Choose a corrected file
          </Button>
        )}
        {behind && (
          <Button isSmall onClick={() => attend(beginHeld(clients, behind))}>
            Skip it, go on with {behind.fileName}
          </Button>
        )}
        {isEmptyReplacement && (
          <Button
            isSmall
            look="danger"
            onClick={() => attend(follow(replaceByNothing(clients, job)))}
          >
            Replace by nothing
          </Button>
        )}
      </div>
      {isChoosing && (
        <FileDrop
          title={`Choose ${job.fileName} again`}
          hint="It is loaded from its beginning, with the same settings."
          isCompact
          isMultiple={false}
          onFiles={([picked]) => picked && again(picked)}
        />
      )}
    </div>
  );
}
