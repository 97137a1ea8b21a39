/*
 * The part of XLA's typed foreign-function interface that products.cc uses, laid out as TensorFlow 2.21 has it in
 * include/xla/ffi/api/c_api.h. Written here because the wheel's own header is not among those that set-up takes out of it. Its layout is a stable
 * one: fields are only ever added at the end, and each call frame brings the size of its struct.
 */
#pragma once
#include <cstddef>
#include <cstdint>

namespace ffi {

struct Extension {
  size_t size;
  int type;
  Extension *next;
};
constexpr int METADATA = 1;

struct Version {
  size_t size;
  Extension *extensions;
  int major, minor;
};
constexpr int MAJOR = 0, MINOR = 2;

/** What XLA asks a handler first: for which version it was written. */
struct Metadata {
  size_t size;
  Version version;
  uint32_t traits;
};
struct MetadataExtension {
  Extension base;
  Metadata *metadata;
};

struct Text {
  const char *data;
  size_t length;
};

constexpr int FLOAT32 = 11;
struct Buffer {
  size_t size;
  Extension *extensions;
  int type;
  void *data;
  int64_t rank;
  const int64_t *shape;
};

struct Buffers {
  size_t size;
  Extension *extensions;
  int64_t count;
  int *types;
  Buffer **buffers;
};

struct Attributes {
  size_t size;
  Extension *extensions;
  int64_t count;
  int *types;
  Text **names;
  void **values;
};

struct Error;
struct Api;

struct CallFrame {
  size_t size;
  Extension *extensions;
  const Api *api;
  void *context;
  int stage;
  Buffers arguments, results;
  Attributes attributes;
};
using Handler = Error *(CallFrame *);

struct ErrorArguments {
  size_t size;
  Extension *extensions;
  const char *message;
  int code;
};
constexpr int INVALID_ARGUMENT = 3, RESOURCE_EXHAUSTED = 8;

struct DestroyArguments {
  size_t size;
  Extension *extensions;
  Error *error;
};

struct RegisterArguments {
  size_t size;
  Extension *extensions;
  Text name, platform;
  struct {
    Handler *instantiate, *prepare, *initialize, *execute;
  } bundle;
  uint32_t traits;
};

struct ScheduleArguments {
  size_t size;
  Extension *extensions;
  void *context;
  void (*task)(void *);
  void *data;
};

struct ThreadsArguments {
  size_t size;
  Extension *extensions;
  void *context;
  int64_t *threads;
};

struct Api {
  size_t size;
  Extension *extensions;
  Version version;
  const void *internal;
  Error *(*createError)(ErrorArguments *);
  void (*errorMessage)(void *);
  void (*destroyError)(DestroyArguments *);
  Error *(*registerHandler)(RegisterArguments *);
  void *streamGet, *typeRegister, *contextGet, *stateSet, *stateGet, *allocate, *free;
  Error *(*schedule)(ScheduleArguments *);
  Error *(*threads)(ThreadsArguments *);
};

}  // namespace ffi
