import { useEffect, useState } from "react";
import { ApiError } from "./client";

export interface Answer<T> {
  value: T | null;
  error: ApiError | null;
  busy: boolean;
}

/** Loads whenever `key` changes; null loads nothing. Keeps the last value while it loads again. */
export function useAnswer<T>(
  key: string | null,
  load: (signal: AbortSignal) => Promise<T>,
): Answer<T> {
  const [answer, setAnswer] = useState<Answer<T> & { key: string | null }>({
    value: null,
    error: null,
    busy: key !== null,
    key,
  });
  useEffect(() => {
    if (key === null) return;
    const stop = new AbortController();
    load(stop.signal).then(
      (value) => {
        if (!stop.signal.aborted) setAnswer({ value, error: null, busy: false, key });
      },
      (error: unknown) => {
        if (stop.signal.aborted) return;
        const told = error instanceof ApiError ? error : new ApiError(0, String(error), "", "");
        setAnswer((before) => ({ value: before.value, error: told, busy: false, key }));
      },
    );
    return () => {
      stop.abort();
    };
    // `load` is made anew at each rendering; the key says when it means something else
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [key]);
  if (key === null) return { value: null, error: null, busy: false };
  return { ...answer, busy: answer.busy || answer.key !== key };
}
