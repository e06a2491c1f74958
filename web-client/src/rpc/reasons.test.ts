import { Code } from "@connectrpc/connect";
import { ErrorReason } from "sluice-client/gen/sluice/v1/errors_pb";
import { expect, test } from "vitest";

import { titleFor } from "./reasons";

test("every reason of the contract has words", () => {
  const names = Object.values(ErrorReason).filter((name) => typeof name === "string");
  const silent = names.filter((name) => {
    const unspoken = ["UNSPECIFIED", "OFFSET_ALREADY_COMMITTED", "OFFSET_OUT_OF_RANGE"];
    return (
      !unspoken.includes(name) &&
      titleFor({ reason: name, code: Code.Unknown }) === "Something went wrong"
    );
  });
  expect(silent).toEqual([]);
});
