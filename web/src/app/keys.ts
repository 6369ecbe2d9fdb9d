/** Keys: the topmost handler that knows a key gets it. Not while somebody types. */
import { useEffect, useEffectEvent } from "react";

export type Keys = Record<string, (() => void) | undefined>;

const stack: ((key: string, typing: boolean) => boolean)[] = [];

export function useKeys(keys: Keys, active = true): void {
  const press = useEffectEvent((key: string, typing: boolean): boolean => {
    const act = keys[key];
    if (!act || (typing && key !== "Escape")) return false;
    act();
    return true;
  });
  useEffect(() => {
    if (!active) return;
    const handler = (key: string, typing: boolean) => press(key, typing);
    stack.push(handler);
    return () => {
      stack.splice(stack.indexOf(handler), 1);
    };
  }, [active]);
}

function typing(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement) return !["checkbox", "radio", "range"].includes(target.type);
  return target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement;
}

/** Enter and space belong to the control that has the focus. */
function takesEnter(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest("button, a, summary, [role=option]") !== null;
}

export function listenForKeys(): void {
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if ((event.key === "Enter" || event.key === " ") && takesEnter(event.target)) return;
    for (const handler of [...stack].reverse()) {
      if (handler(event.key, typing(event.target))) {
        event.preventDefault();
        return;
      }
    }
  });
}
