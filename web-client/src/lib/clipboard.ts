/** Copies a text, in an event of the reader. Throws when the browser does not let it. */
export async function copyText(text: string): Promise<void> {
  // A page that came over plain HTTP has no clipboard, but the old command.
  // eslint-disable-next-line no-restricted-properties -- asked for only where it is
  if (isSecureContext) await navigator.clipboard.writeText(text);
  else copyByCommand(text);
}

function copyByCommand(text: string): void {
  const put = (event: ClipboardEvent) => {
    event.preventDefault();
    event.clipboardData?.setData("text/plain", text);
  };
  document.addEventListener("copy", put);
  try {
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- the only way without a clipboard
    if (document.execCommand("copy")) return;
  } finally {
    document.removeEventListener("copy", put);
  }
  throw new Error("the browser does not let this page copy: select the text and copy it by hand");
}
