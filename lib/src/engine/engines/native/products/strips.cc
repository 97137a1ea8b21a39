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
/** Rows that lie together where a is laid out anew; a whole number of the kinds' tiles. */
constexpr long PANEL = 12;
/** Bytes of a that are laid out anew at a time: a core's second cache keeps them from one strip to the next. */
constexpr long LARGEST_A = 1 << 20;
/** How often the end is looked for before the thread sleeps: some microseconds, less than it takes to wake one. */
constexpr int LOOKS = 2000;

struct Freed {
  void operator()(float *p) const { ::operator delete[](p, std::align_val_t(64)); }
};

/** Memory that a thread keeps from one product to the next. */
class Room {
 public:
  /** For so many numbers; null where there is no memory. */
  float *of(long numbers) {
    if (numbers > size) {
      room.reset(static_cast<float *>(::operator new[](numbers * sizeof(float), std::align_val_t(64), std::nothrow)));
      size = room ? numbers : 0;
    }
    return room.get();
  }

 private:
  std::unique_ptr<float[], Freed> room;
  long size = 0;
};
thread_local Room roomForA, roomForB;

/** Lays out a transposed a anew, PANEL rows of it after another: a value and the next on the inner axis are PANEL apart. */
void layOutInPanels(const Product &p, float *to) {
  for (long row = 0; row < p.rows; row += PANEL, to += PANEL * p.inner) {
    const float *from = p.a + row;
    if (p.rows - row >= PANEL) {
      for (long k = 0; k < p.inner; k++) std::memcpy(to + k * PANEL, from + k * p.aStep, PANEL * sizeof(float));
    } else {
      for (long k = 0; k < p.inner; k++) {
        std::memcpy(to + k * PANEL, from + k * p.aStep, (p.rows - row) * sizeof(float));
      }
    }
  }
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
    height = (product.rows / blocks + PANEL - 1) / PANEL * PANEL;
    // Where a is transposed, the values that a tile takes one after another are a row of a apart: lines of few sets of the first cache, each
    // thrown out before its next value is wanted.
    inPanels = anew && product.aRow == 1;
    if (inPanels) {
      const long fit = LARGEST_A / (product.inner * long(sizeof(float))) / PANEL * PANEL;
      height = std::min(height, std::max(ROWS_OF_PART, fit));
    }
    parts = strips * ((product.rows + height - 1) / height);
  }

  /** Computes parts until all are begun. */
  void help() {
    long laidOut = -1;
    for (long part; (part = next.fetch_add(1, std::memory_order_relaxed)) < parts;) {
      if (!compute(part, laidOut)) failed.store(true, std::memory_order_relaxed);
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
  bool anew, inPanels;
  long width, height, strips, parts;
  std::atomic<long> next{0}, done{0};
  std::atomic<bool> failed{false};
  std::mutex mutex;
  std::condition_variable ended;

  /** `panelsOf`: the row of the result from which on this thread's panels are, which it keeps for the strips beside it. */
  bool compute(long part, long &panelsOf) const {
    const long column = part % strips * width, row = part / strips * height;
    Product p = product;
    p.rows = std::min(height, product.rows - row);
    p.columns = std::min(width, product.columns - column);
    p.a += row * p.aRow;
    p.c += row * p.cRow + column;
    if (p.base != nullptr) p.base += row * p.cRow + column;
    p.b += transposeB ? column * p.inner : column;
    if (transposeB || anew) {
      float *laidOut = roomForB.of(p.inner * p.columns);
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
    if (!inPanels) {
      kind.product(p);
      return true;
    }
    float *panels = roomForA.of((p.rows + PANEL - 1) / PANEL * PANEL * p.inner);
    if (panels == nullptr) return false;
    if (panelsOf != row) layOutInPanels(p, panels);
    panelsOf = row;
    Product panel = p;
    panel.aStep = PANEL;
    for (long r = 0; r < p.rows; r += PANEL) {
      panel.rows = std::min(PANEL, p.rows - r);
      panel.a = panels + r * p.inner;
      panel.c = p.c + r * p.cRow;
      if (p.base != nullptr) panel.base = p.base + r * p.cRow;
      kind.product(panel);
    }
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
