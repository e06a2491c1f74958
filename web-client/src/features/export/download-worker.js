/*
 * Turns a stream of the page into a download of the browser, where there is no save picker.
 *
 * The page hands over a name and a readable stream; the next request for `download/<id>` is answered with
 * it. Its scope is `download/`, so that no other request of the page passes through here.
 */

const downloads = new Map();

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("message", (event) => {
  const { id, name, type, stream } = event.data;
  if (id === undefined) return;
  downloads.set(id, { name, type, stream });
  event.ports[0]?.postMessage("ready");
});

self.addEventListener("fetch", (event) => {
  const id = new URL(event.request.url).pathname.split("/").pop();
  const download = downloads.get(id);
  if (!download) return;
  downloads.delete(id);
  const name = encodeURIComponent(download.name).replace(/['()*]/g, (part) => {
    return `%${part.charCodeAt(0).toString(16)}`;
  });
  event.respondWith(
    new Response(download.stream, {
      headers: {
        "content-type": `${download.type}; charset=utf-8`,
        "content-disposition": `attachment; filename*=UTF-8''${name}`,
        "content-security-policy": "default-src 'none'",
        "x-content-type-options": "nosniff",
      },
    }),
  );
});
