/**
 * Waits until something is so: as long as that takes on this machine. What never comes about is said from time to time, for
 * whoever looks at a test that does not end.
 */
export async function until(what: () => boolean, words = String(what)): Promise<void> {
  for (let looks = 1; !what(); looks += 1) {
    if (looks % 1200 === 0) console.error(`waiting until ${words}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
