/*
 * Products of matrices for XLA to call, and for tests: which registers there are, which are used, and one product.
 *
 * Why it exists: in a small step XLA's own products spend more time on handing work from thread to thread than on the work, and in a large one
 * they leave a third of what AVX-512 can do. These may add the step's update of a matrix of weights on the way out.
 * lib/src/engine/compile/graph/products.ts says when they are called.
 */
#include <node_api.h>
#include <cstring>
#include <string>
#include "ffi.h"
#include "strips.h"

namespace xla::ffi {
/** In TensorFlow's library. */
const ::ffi::Api *GetXlaFfiApi();
}  // namespace xla::ffi

namespace {

bool registerAll();
Choice<Kind> choice(kinds, registerAll);

/** Nobody: the calling thread works alone. */
class Alone : public Helpers {
  long count() const override { return 0; }
  bool schedule(void (*)(void *), void *) const override { return false; }
};

/** The threads that XLA runs a computation on. */
class ThreadsOfXla : public Helpers {
 public:
  explicit ThreadsOfXla(const ffi::CallFrame *frame) : frame(frame) {}

  long count() const override {
    int64_t threads = 1;
    ffi::ThreadsArguments arguments{sizeof(ffi::ThreadsArguments), nullptr, frame->context, &threads};
    return isDone(frame->api->threads(&arguments)) && threads > 1 ? threads - 1 : 0;
  }
  bool schedule(void (*task)(void *), void *data) const override {
    ffi::ScheduleArguments arguments{sizeof(ffi::ScheduleArguments), nullptr, frame->context, task, data};
    return isDone(frame->api->schedule(&arguments));
  }

 private:
  const ffi::CallFrame *const frame;

  bool isDone(ffi::Error *error) const {
    if (error == nullptr) return true;
    ffi::DestroyArguments arguments{sizeof(ffi::DestroyArguments), nullptr, error};
    frame->api->destroyError(&arguments);
    return false;
  }
};

/** c [rows, columns] = a b, each without gaps. False where there is no memory. */
bool multiply(Product p, bool transposeA, bool transposeB, const Helpers &helpers) {
  p.aRow = transposeA ? 1 : p.inner;
  p.aStep = transposeA ? p.rows : 1;
  p.bRow = p.cRow = p.columns;
  return multiplyInParts(p, *choice.chosen, transposeB, helpers);
}

ffi::Error *refuse(const ffi::CallFrame *frame, int code, const char *why) {
  ffi::ErrorArguments arguments{sizeof(ffi::ErrorArguments), nullptr, why, code};
  return frame->api->createError(&arguments);
}

/** Before its first call XLA asks a handler for which version of the interface it was written. */
bool answersMetadata(const ffi::CallFrame *frame) {
  if (frame->extensions == nullptr || frame->extensions->type != ffi::METADATA) return false;
  ffi::Metadata *metadata = reinterpret_cast<ffi::MetadataExtension *>(frame->extensions)->metadata;
  metadata->version.major = ffi::MAJOR;
  metadata->version.minor = ffi::MINOR;
  metadata->traits = 0;
  return true;
}

bool isMatrix(const ffi::Buffer &buffer) { return buffer.type == ffi::FLOAT32 && buffer.rank == 2; }
const float *numbers(const ffi::Buffer &buffer) { return static_cast<const float *>(buffer.data); }

/**
 * Arguments: a, b, and for base + SIGN scale a b also base and scale; what comes behind them is there to be computed before.
 */
template <bool TRANSPOSE_A, bool TRANSPOSE_B, int SIGN>
ffi::Error *handle(ffi::CallFrame *frame) {
  if (answersMetadata(frame)) return nullptr;
  const ffi::Buffers &in = frame->arguments, &out = frame->results;
  if (choice.chosen == nullptr || in.count < (SIGN != 0 ? 4 : 2) || out.count != 1 || !isMatrix(*in.buffers[0]) ||
      !isMatrix(*in.buffers[1]) || !isMatrix(*out.buffers[0])) {
    return refuse(frame, ffi::INVALID_ARGUMENT, "bnlab's product takes two matrices of float32");
  }
  choice.calls.fetch_add(1, std::memory_order_relaxed);
  const ffi::Buffer &a = *in.buffers[0], &b = *in.buffers[1], &c = *out.buffers[0];
  Product p{};
  p.a = numbers(a);
  p.b = numbers(b);
  p.c = static_cast<float *>(c.data);
  p.rows = c.shape[0];
  p.columns = c.shape[1];
  p.inner = a.shape[TRANSPOSE_A ? 0 : 1];
  if (SIGN != 0) {
    p.base = numbers(*in.buffers[2]);
    p.scale = SIGN * *numbers(*in.buffers[3]);
  }
  if (multiply(p, TRANSPOSE_A, TRANSPOSE_B, ThreadsOfXla(frame))) return nullptr;
  return refuse(frame, ffi::RESOURCE_EXHAUSTED, "no memory for a matrix laid out anew");
}

bool registerHandler(const char *name, ffi::Handler *handler) {
  ffi::RegisterArguments arguments{};
  arguments.size = sizeof(ffi::RegisterArguments);
  arguments.name = {name, std::strlen(name)};
  arguments.platform = {"Host", 4};
  arguments.bundle.execute = handler;
  return xla::ffi::GetXlaFfiApi()->registerHandler(&arguments) == nullptr;
}

/** bnlab.NAME_nn, _tn, _nt and _tt, by whether a and b are transposed. */
template <int SIGN>
bool registerFour(const std::string &name) {
  return registerHandler((name + "_nn").c_str(), handle<false, false, SIGN>) &&
         registerHandler((name + "_tn").c_str(), handle<true, false, SIGN>) &&
         registerHandler((name + "_nt").c_str(), handle<false, true, SIGN>) &&
         registerHandler((name + "_tt").c_str(), handle<true, true, SIGN>);
}

bool registerAll() {
  static const bool done =
      registerFour<0>("bnlab.product") && registerFour<1>("bnlab.plus") && registerFour<-1>("bnlab.minus");
  return done;
}

float *floats(napi_env env, napi_value array) {
  void *data = nullptr;
  napi_get_typedarray_info(env, array, nullptr, nullptr, &data, nullptr, nullptr);
  return static_cast<float *>(data);
}

/* product(a, b, c, rows, inner, columns, transposeA, transposeB, scale?): c = a b, or c + scale a b. Float32Arrays of those sizes. */
napi_value ProductOf(napi_env env, napi_callback_info info) {
  size_t count = 9;
  napi_value given[9];
  napi_get_cb_info(env, info, &count, given, nullptr, nullptr);
  Product p{};
  p.a = floats(env, given[0]);
  p.b = floats(env, given[1]);
  p.c = floats(env, given[2]);
  int64_t sizes[3];
  bool transpose[2];
  for (int i = 0; i < 3; i++) napi_get_value_int64(env, given[3 + i], &sizes[i]);
  for (int i = 0; i < 2; i++) napi_get_value_bool(env, given[6 + i], &transpose[i]);
  p.rows = sizes[0];
  p.inner = sizes[1];
  p.columns = sizes[2];
  double scale;
  if (count > 8 && napi_get_value_double(env, given[8], &scale) == napi_ok) {
    p.base = p.c;
    p.scale = static_cast<float>(scale);
  }
  if (choice.chosen == nullptr || !multiply(p, transpose[0], transpose[1], Alone())) {
    napi_throw_error(env, nullptr, "bnlab's product: use() first, or no memory");
  }
  return nullptr;
}

napi_value Init(napi_env env, napi_value exports) {
  napi_value function;
  choice.exportTo(env, exports);
  napi_create_function(env, "product", NAPI_AUTO_LENGTH, ProductOf, nullptr, &function);
  napi_set_named_property(env, exports, "product", function);
  return exports;
}

}  // namespace

NAPI_MODULE(NODE_GYP_MODULE_NAME, Init)
