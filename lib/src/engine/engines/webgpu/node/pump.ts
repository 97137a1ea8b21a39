/**
 * Dawn's event pump. Its binding for Node asks for a turn (wgpuInstanceProcessEvents) through the global `setImmediate`, one request at a
 * time, while a promise is open. A request is held here as well, so that the pump can be turned by hand: a synchronous read
 * turns it until its buffer is mapped.
 */
type Turn = () => void;

let pending: Turn | undefined;
let held = false;

/** Whether a function given to `setImmediate` is Dawn's request: native, nameless, without arguments. */
function isDawns(f: unknown): f is Turn {
  return (
    typeof f === 'function' &&
    f.name === '' &&
    f.length === 0 &&
    Function.prototype.toString.call(f).includes('[native code]')
  );
}

/** Holds the pump from here on. To be called before Dawn is loaded. */
export function holdPump(): void {
  if (held) return;
  held = true;
  const own = globalThis.setImmediate;
  const holding = (f: (...values: unknown[]) => void, ...values: unknown[]) => {
    if (!isDawns(f)) return own(f, ...values);
    let done = false;
    const once: Turn = () => {
      if (done) return;
      done = true;
      if (pending === once) pending = undefined;
      f();
    };
    pending = once;
    return own(once);
  };
  globalThis.setImmediate = Object.assign(holding, own) as typeof setImmediate;
}

/**
 * Turns the pump until `settled` says so.
 * @returns false where nothing is open that could settle it
 */
export function turnPumpUntil(settled: () => boolean): boolean {
  while (!settled()) {
    const turn = pending;
    if (!turn) return false;
    turn();
  }
  return true;
}
