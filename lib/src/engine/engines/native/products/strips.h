/* A product in parts, each by whichever thread is free. */
#pragma once
#include "kernels.h"

/** Threads besides the one that calls. */
class Helpers {
 public:
  virtual ~Helpers() = default;
  /** How many there are. */
  virtual long count() const = 0;
  /** Whether task(data) will be called by one of them at some time, once. */
  virtual bool schedule(void (*task)(void *), void *data) const = 0;
};

/**
 * The product p by one kind of registers. b, where it is transposed, lies as [columns, inner] without gaps. False where there is no memory.
 *
 * Every value is the same sum whoever computes it: the bits do not depend on the threads. Helpers that come late find nothing left to do, and
 * nobody waits for one that has not begun.
 */
bool multiplyInParts(const Product &p, const Kind &kind, bool transposeB, const Helpers &helpers);
