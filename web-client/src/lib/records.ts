/** A small table of records in the browser's own database, which survives a reload. */

const databaseName = "sluice";
const storeName = "uploads";

function open(): Promise<IDBDatabase> {
  const request = indexedDB.open(databaseName, 1);
  request.onupgradeneeded = () => request.result.createObjectStore(storeName, { keyPath: "id" });
  return answer(request);
}

function answer<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("the browser's database failed"));
  });
}

async function within<T>(
  mode: IDBTransactionMode,
  act: (store: IDBObjectStore) => IDBRequest<T>,
): Promise<T> {
  const database = await open();
  try {
    return await answer(act(database.transaction(storeName, mode).objectStore(storeName)));
  } finally {
    database.close();
  }
}

/** Keeps a record in place of one with the same id. */
export async function putRecord(record: { id: string } & object): Promise<void> {
  await within("readwrite", (store) => store.put(record));
}

/** All records. */
export function allRecords(): Promise<unknown[]> {
  return within("readonly", (store) => store.getAll() as IDBRequest<unknown[]>);
}

/** Forgets a record. */
export async function deleteRecord(id: string): Promise<void> {
  await within("readwrite", (store) => store.delete(id));
}
