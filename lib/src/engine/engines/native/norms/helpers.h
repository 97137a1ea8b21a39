/*
 * Threads that help with a piece of work and sleep in between.
 *
 * Whoever has work does it itself, part by part; helpers that wake up in time take parts of it. It never waits for a helper to begin: on a busy
 * machine it simply does all. Which thread does a part must not matter to the result.
 */
#pragma once
#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>

class Helpers {
 public:
  /** Never destroyed: its threads sleep on it until the process ends. */
  static Helpers &instance() {
    static Helpers *const one = new Helpers;
    return *one;
  }

  /** work(part) for each part from 0 on, by `threads` threads at most; without helpers where another caller has them. */
  template <class Work>
  void share(int parts, int threads, const Work &work) {
    std::unique_lock<std::mutex> mine(owner, std::defer_lock);
    if (parts < 2 || threads < 2 || !mine.try_lock()) {
      for (int part = 0; part < parts; part++) work(part);
      return;
    }
    std::unique_lock<std::mutex> lock(mutex);
    const int wanted = std::min({threads, parts, MOST}) - 1;
    while (count < wanted && begin()) {
    }
    call = [](const void *given, int part) { (*static_cast<const Work *>(given))(part); };
    given = &work;
    next = 0;
    end = parts;
    seats = wanted;
    wake.notify_all();
    takeParts(lock);
    done.wait(lock, [&] { return busy == 0; });
  }

 private:
  static constexpr int MOST = 16;
  std::mutex owner, mutex;
  std::condition_variable wake, done;
  void (*call)(const void *, int) = nullptr;
  const void *given = nullptr;
  int next = 0, end = 0, seats = 0, busy = 0, count = 0;

  bool begin() {
    try {
      std::thread([this] { help(); }).detach();
      count++;
      return true;
    } catch (...) {
      return false;  // the system gives no more threads
    }
  }

  void help() {
    std::unique_lock<std::mutex> lock(mutex);
    for (;;) {
      wake.wait(lock, [&] { return next < end && seats > 0; });
      seats--;
      busy++;
      takeParts(lock);
      busy--;
      done.notify_one();
    }
  }

  void takeParts(std::unique_lock<std::mutex> &lock) {
    while (next < end) {
      const int part = next++;
      lock.unlock();
      call(given, part);
      lock.lock();
    }
  }
};
