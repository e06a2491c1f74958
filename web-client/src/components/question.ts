import type { ReactNode } from "react";

import { createStore } from "../lib/store";

/** What the reader is asked before something that cannot be undone. */
export interface Question {
  title: string;
  /** What would happen; it may have to be asked for. */
  load: (signal: AbortSignal) => Promise<Consequence>;
}

/** What a yes does. */
export interface Consequence {
  text: ReactNode;
  /** The words on the button that says yes. */
  action: string;
}

/** A question that waits for its answer. */
export interface OpenQuestion extends Question {
  id: number;
  answer: (isYes: boolean) => void;
}

/** The question that is open; there is one at a time. */
export const openQuestion = createStore<OpenQuestion | null>(null);

let lastId = 0;

/** Asks the reader. One that is asked while another is open answers that one with no. */
export function ask(question: Question): Promise<boolean> {
  openQuestion.get()?.answer(false);
  return new Promise((resolve) => {
    const id = (lastId += 1);
    const answer = (isYes: boolean) => {
      if (openQuestion.get()?.id === id) openQuestion.set(null);
      resolve(isYes);
    };
    openQuestion.set({ ...question, id, answer });
  });
}
