#include "strips.h"
#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstring>
#include <memory>
#include <mutex>
#include <new>

namespace {

/** Bytes of b from which on its strips are laid out anew: a larger b does not stay in a core's second cache. */
constexpr long LARGE_B = 1 << 19;
/** Rows of the result from which on a strip of b is read often enough to be laid out anew. */
constexpr long MANY_ROWS = 32;
/** Floating-point operations from which on threads are asked for help: what asking costs is a few per cent of the time they take. */
constexpr double MUCH_WORK = 4e6;
/** Parts for each thread, so that one that is late or interrupted keeps the others waiting for a small part only. */
constexpr long PARTS_PER_THREAD = 8;
/** Rows of a part at least: they have to be many for the strip of b that is laid out for them. */
constexpr long ROWS_OF_PART = 96;
/** How often the end is looked for before the thread sleeps: some microseconds, less than it takes to wake one. */
constexpr int LOOKS = 2000;

struct Freed {
  void operator()(float *p) const { ::operator delete[](p, std::align_val_t(64)); }
};

/** This thread's room for so many numbers; null where there is no memory. */
float *roomFor(long numbers) {
  thread_local std::unique_ptr<float[], Freed> room;
  thread_local long size = 0;
  if (numbers > size) {
    room.reset(static_cast<float *>(::operator new[](numbers * sizeof(float), std::align_val_t(64), std::nothrow)));
    size = room ? numbers : 0;
  }
  return room.get();
}

void easeOff() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

/** A product as parts of its result: `height` rows of a strip of `width` columns. */
class Work {
 public:
  Work(const Product &product, const Kind &kind, bool transposeB, long threads)
      : product(product), kind(kind), transposeB(transposeB) {
    anew = product.rows >= MANY_ROWS && product.inner * product.columns * long(sizeof(float)) >= LARGE_B;
    const bool alone = threads == 1;
    width = alone && !anew ? product.columns : std::min(product.columns, 4L * kind.lanes);
    strips = (product.columns + width - 1) / width;
    const long wanted = alone ? 1 : std::max(1L, threads * PARTS_PER_THREAD / strips);
    const long blocks = std::min(wanted, std::max(1L, product.rows / ROWS_OF_PART));
    height = (product.rows / blocks + 11) / 12 * 12;
    parts = strips * ((product.rows + height - 1) / height);
  }

  /** Computes parts until all are begun. */
  void help() {
    for (long part; (part = next.fetch_add(1, std::memory_order_relaxed)) < parts;) {
      if (!compute(part)) failed.store(true, std::memory_order_relaxed);
      if (done.fetch_add(1, std::memory_order_acq_rel) + 1 < parts) continue;
      const std::lock_guard<std::mutex> lock(mutex);
      ended.notify_one();
    }
  }

  /** Waits for those who have begun a part. False where one had no memory. */
  bool finished() {
    const auto all = [this] { return done.load(std::memory_order_acquire) == parts; };
    for (int i = 0; i < LOOKS && !all(); i++) easeOff();
    if (!all()) {
      std::unique_lock<std::mutex> lock(mutex);
      ended.wait(lock, all);
    }
    return !failed.load(std::memory_order_relaxed);
  }

 private:
  const Product product;
  const Kind &kind;
  const bool transposeB;
  bool anew;
  long width, height, strips, parts;
  std::atomic<long> next{0}, done{0};
  std::atomic<bool> failed{false};
  std::mutex mutex;
  std::condition_variable ended;

  bool compute(long part) const {
    const long column = part % strips * width, row = part / strips * height;
    Product p = product;
    p.rows = std::min(height, product.rows - row);
    p.columns = std::min(width, product.columns - column);
    p.a += row * p.aRow;
    p.c += row * p.cRow + column;
    if (p.base != nullptr) p.base += row * p.cRow + column;
    p.b += transposeB ? column * p.inner : column;
    if (transposeB || anew) {
      float *laidOut = roomFor(p.inner * p.columns);
      if (laidOut == nullptr) return false;
      if (transposeB) {
        transpose(p.b, laidOut, p.columns, p.inner);
      } else {
        for (long k = 0; k < p.inner; k++) {
          std::memcpy(laidOut + k * p.columns, p.b + k * p.bRow, p.columns * sizeof(float));
        }
      }
      p.b = laidOut;
      p.bRow = p.columns;
    }
    kind.product(p);
    return true;
  }
};

void helpWith(void *data) {
  const std::unique_ptr<std::shared_ptr<Work>> work(static_cast<std::shared_ptr<Work> *>(data));
  (*work)->help();
}

}  // namespace

bool multiplyInParts(const Product &p, const Kind &kind, bool transposeB, const Helpers &helpers) {
  const bool isMuch = 2.0 * p.rows * p.inner * p.columns >= MUCH_WORK;
  const long others = isMuch ? helpers.count() : 0;
  if (others == 0) {
    Work work(p, kind, transposeB, 1);
    work.help();
    return work.finished();
  }
  const auto work = std::make_shared<Work>(p, kind, transposeB, others + 1);
  for (long i = 0; i < others; i++) {
    auto data = std::make_unique<std::shared_ptr<Work>>(work);
    if (!helpers.schedule(helpWith, data.get())) break;
    data.release();
  }
  work->help();
  return work->finished();
}
