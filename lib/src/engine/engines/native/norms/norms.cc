/*
 * Batch normalization in training and its gradient, with the ReLU behind it, as two operations of TensorFlow: as few passes over memory as
 * there can be. lib/src/engine/compile/graph/norms.ts says when a compiled step has them.
 *
 * Why they exist: what a convolutional step does outside its convolutions are mostly passes over the values of its layers. These read and write
 * them three times on the way there and five times on the way back, which TensorFlow's own kernels do more often, and with larger errors.
 *
 * The rows are divided into parts of the same size whatever the number of threads, and the parts' sums are added in their order: the bits
 * depend on the registers alone.
 */
#include <node_api.h>
#include <cmath>
#include <memory>
#include <vector>
#include "helpers.h"
#include "operations.h"
#include "passes.h"

namespace {

bool registerBoth();
Choice<Passes> choice(passes, registerBoth);

/** Values of a part, about: they stay in the second cache, and are worth waking a thread for. */
constexpr long PART = 1 << 16;

/** Rows of a part, at least: its sums are to be fewer than its values. */
constexpr long LEAST_ROWS = 16;

/** Rows from which the pivot of a sum of squares is taken. */
constexpr long SAMPLE = 64;

struct Settings {
  float epsilon;
  bool relu;
  int threads;
};

/** Rows of one value per channel, and how they are divided. */
struct Rows {
  long count, channels, step;
  int parts;

  Rows(long count, long channels) : count(count), channels(channels) {
    step = std::max(LEAST_ROWS, PART / channels);
    parts = static_cast<int>((count + step - 1) / step);
  }

  /** work(first row, how many rows, number of the part) */
  template <class Work>
  void share(int threads, const Work &work) const {
    Helpers::instance().share(parts, threads, [&](int part) {
      const long from = part * step;
      work(from, std::min(step, count - from), part);
    });
  }

  /** Sums of each channel that `work(first row, how many rows, first sums, second sums)` adds up: the first of all channels, then the second. */
  template <class Work>
  std::vector<double> sums(int threads, const Work &work) const {
    std::vector<double> parted(2 * channels * parts, 0.0);
    share(threads, [&](long from, long some, int part) {
      double *const first = parted.data() + 2 * channels * part;
      work(from, some, first, first + channels);
    });
    for (int part = 1; part < parts; part++) {
      for (long i = 0; i < 2 * channels; i++) parted[i] += parted[2 * channels * part + i];
    }
    parted.resize(2 * channels);
    return parted;
  }
};

/** sum (x - pivot) and sum (x - pivot)^2. */
std::vector<double> momentsAbout(const float *pivot, const float *x, const Rows &rows, int threads) {
  return rows.sums(threads, [&](long from, long some, double *first, double *second) {
    choice.chosen->moments(x + from * rows.channels, some, rows.channels, pivot, first, second);
  });
}

/**
 * Mean and biased variance of each channel. The squares are those of the distance from a mean of a few rows, so that nothing cancels; where that
 * one lies far off the mean, all is done once more, from the mean.
 */
void statistics(const float *x, const Rows &rows, int threads, float *mean, double *variance) {
  const long channels = rows.channels, sample = std::min(SAMPLE, rows.count);
  std::vector<float> pivot(channels, 0.0f);
  for (long i = 0; i < sample; i++) {
    const float *row = x + (rows.count * i / sample) * channels;
    for (long c = 0; c < channels; c++) pivot[c] += row[c] / sample;
  }
  const double m = rows.count;
  for (bool again = false;; again = true) {
    const std::vector<double> sums = momentsAbout(pivot.data(), x, rows, threads);
    bool isFar = false;
    for (long c = 0; c < channels; c++) {
      const double off = sums[c] / m;
      variance[c] = std::max(sums[channels + c] / m - off * off, 0.0);
      if (std::isnan(sums[channels + c])) variance[c] = NAN;
      mean[c] = static_cast<float>(pivot[c] + off);
      isFar = isFar || off * off > 16 * variance[c];
    }
    if (again || !isFar) break;
    std::copy(mean, mean + channels, pivot.begin());
  }
}

/** An input or output of an operation. */
class Tensor {
 public:
  explicit Tensor(TF_Tensor *tensor) : tensor(tensor) {}
  Tensor(Tensor &&other) : tensor(other.tensor) { other.tensor = nullptr; }
  ~Tensor() {
    if (tensor) TF_DeleteTensor(tensor);
  }
  float *numbers() const { return static_cast<float *>(TF_TensorData(tensor)); }
  long size() const { return TF_TensorElementCount(tensor); }
  std::vector<int64_t> shape() const {
    std::vector<int64_t> dims(TF_NumDims(tensor));
    for (size_t i = 0; i < dims.size(); i++) dims[i] = TF_Dim(tensor, i);
    return dims;
  }
  explicit operator bool() const { return tensor != nullptr; }

 private:
  TF_Tensor *tensor;
};

/** One call of an operation; what fails is said to TensorFlow. */
class Call {
 public:
  explicit Call(TF_OpKernelContext *context) : context(context), status(TF_NewStatus()) { choice.calls++; }
  ~Call() {
    if (TF_GetCode(status) != TF_OK) TF_OpKernelContext_Failure(context, status);
    TF_DeleteStatus(status);
  }
  bool ok() const { return TF_GetCode(status) == TF_OK; }

  Tensor input(int i) {
    TF_Tensor *tensor = nullptr;
    if (ok()) TF_GetInput(context, i, &tensor, status);
    return Tensor(tensor);
  }
  /** One number per channel. */
  Tensor output(int i, long channels) { return output(i, std::vector<int64_t>{channels}); }
  Tensor output(int i, const std::vector<int64_t> &shape) {
    long size = 1;
    for (const int64_t n : shape) size *= n;
    if (!ok()) return Tensor(nullptr);
    return Tensor(TF_AllocateOutput(context, i, TF_FLOAT, shape.data(), shape.size(), size * sizeof(float), status));
  }
  /** In the memory of an input that nobody else reads, where that is so. */
  Tensor outputInPlace(int i, int input, const std::vector<int64_t> &shape) {
    int forwarded;
    if (!ok()) return Tensor(nullptr);
    return Tensor(TF_ForwardInputOrAllocateOutput(context, &input, 1, i, shape.data(), shape.size(), &forwarded, status));
  }
  bool expect(bool holds, const char *otherwise) {
    if (ok() && !holds) TF_SetStatus(status, TF_INVALID_ARGUMENT, otherwise);
    return ok();
  }

 private:
  TF_OpKernelContext *context;
  TF_Status *status;
};

const char WANTED[] = "x must have rows of one value for each channel, at least one row, and the others one value for each channel";

/** x, gamma, beta -> y, mean, variance (divided by m - 1, as TensorFlow's own), 1 / sqrt(sigma2 + epsilon). */
void forward(void *settings, TF_OpKernelContext *context) {
  const Settings &set = *static_cast<Settings *>(settings);
  Call call(context);
  const Tensor x = call.input(0), gamma = call.input(1), beta = call.input(2);
  if (!call.ok()) return;
  const std::vector<int64_t> shape = x.shape();
  const long channels = shape.empty() ? 0 : shape.back();
  if (!call.expect(channels > 0 && x.size() > 0 && gamma.size() == channels && beta.size() == channels, WANTED)) return;
  const Rows rows(x.size() / channels, channels);
  const Tensor y = call.output(0, shape), mean = call.output(1, channels), variance = call.output(2, channels),
               inverse = call.output(3, channels);
  if (!call.ok()) return;
  std::vector<double> biased(channels);
  statistics(x.numbers(), rows, set.threads, mean.numbers(), biased.data());
  std::vector<float> scale(channels);
  const double mended = static_cast<double>(rows.count) / std::max(rows.count - 1, 1L);
  for (long c = 0; c < channels; c++) {
    variance.numbers()[c] = static_cast<float>(biased[c] * mended);
    inverse.numbers()[c] = static_cast<float>(1 / std::sqrt(biased[c] + set.epsilon));
    scale[c] = gamma.numbers()[c] * inverse.numbers()[c];
  }
  const Channels known{channels, mean.numbers(), scale.data(), beta.numbers()};
  rows.share(set.threads, [&](long from, long some, int) {
    choice.chosen->normalize(x.numbers() + from * channels, some, known, set.relu, y.numbers() + from * channels);
  });
}

/** dy, x, gamma, beta, mean, 1 / sqrt(sigma2 + epsilon) -> dx, dgamma, dbeta. */
void backward(void *settings, TF_OpKernelContext *context) {
  const Settings &set = *static_cast<Settings *>(settings);
  Call call(context);
  const Tensor dy = call.input(0), x = call.input(1), gamma = call.input(2), beta = call.input(3), mean = call.input(4),
               inverse = call.input(5);
  if (!call.ok()) return;
  const std::vector<int64_t> shape = x.shape();
  const long channels = shape.empty() ? 0 : shape.back();
  bool fits = channels > 0 && x.size() > 0 && dy.size() == x.size();
  for (const Tensor *one : {&gamma, &beta, &mean, &inverse}) fits = fits && one->size() == channels;
  if (!call.expect(fits, WANTED)) return;
  const Rows rows(x.size() / channels, channels);
  const Tensor dGamma = call.output(1, channels), dBeta = call.output(2, channels);
  if (!call.ok()) return;
  std::vector<float> scale(channels), meanG(channels), slope(channels);
  for (long c = 0; c < channels; c++) scale[c] = gamma.numbers()[c] * inverse.numbers()[c];
  const Channels known{channels, mean.numbers(), scale.data(), beta.numbers()};
  const std::vector<double> sums = rows.sums(set.threads, [&](long from, long some, double *g, double *gx) {
    choice.chosen->sums(dy.numbers() + from * channels, x.numbers() + from * channels, some, known, set.relu, g, gx);
  });
  for (long c = 0; c < channels; c++) {
    const double byRoot = sums[channels + c] * inverse.numbers()[c];
    dBeta.numbers()[c] = static_cast<float>(sums[c]);
    dGamma.numbers()[c] = static_cast<float>(byRoot);
    meanG[c] = static_cast<float>(sums[c] / rows.count);
    slope[c] = static_cast<float>(byRoot * inverse.numbers()[c] / rows.count);
  }
  const Tensor dx = call.outputInPlace(0, 0, shape);
  if (!call.ok()) return;
  rows.share(set.threads, [&](long from, long some, int) {
    const long at = from * channels;
    choice.chosen->gradient(dy.numbers() + at, x.numbers() + at, some, known, set.relu, meanG.data(), slope.data(),
                     dx.numbers() + at);
  });
}

void *create(TF_OpKernelConstruction *construction) {
  auto settings = std::make_unique<Settings>();
  TF_Status *status = TF_NewStatus();
  unsigned char relu = 0;
  int64_t threads = 1;
  TF_OpKernelConstruction_GetAttrFloat(construction, "epsilon", &settings->epsilon, status);
  if (TF_GetCode(status) == TF_OK) TF_OpKernelConstruction_GetAttrBool(construction, "relu", &relu, status);
  if (TF_GetCode(status) == TF_OK) TF_OpKernelConstruction_GetAttrInt64(construction, "threads", &threads, status);
  settings->relu = relu != 0;
  settings->threads = static_cast<int>(threads);
  if (TF_GetCode(status) != TF_OK) TF_OpKernelConstruction_Failure(construction, status);
  TF_DeleteStatus(status);
  return settings.release();
}

void destroy(void *settings) { delete static_cast<Settings *>(settings); }

bool registerOne(const char *name, const std::vector<const char *> &inputs, const std::vector<const char *> &outputs,
                 void (*compute)(void *, TF_OpKernelContext *)) {
  TF_OpDefinitionBuilder *definition = TF_NewOpDefinitionBuilder(name);
  for (const char *input : inputs) TF_OpDefinitionBuilderAddInput(definition, input);
  for (const char *output : outputs) TF_OpDefinitionBuilderAddOutput(definition, output);
  for (const char *attribute : {"epsilon: float", "relu: bool", "threads: int"}) {
    TF_OpDefinitionBuilderAddAttr(definition, attribute);
  }
  TF_OpDefinitionBuilderSetShapeInferenceFunction(definition, TF_ShapeInferenceContextSetUnknownShape);
  TF_Status *status = TF_NewStatus();
  TF_RegisterOpDefinition(definition, status);
  if (TF_GetCode(status) == TF_OK) {
    TF_RegisterKernelBuilder(name, TF_NewKernelBuilder(name, "CPU", create, compute, destroy), status);
  }
  const bool done = TF_GetCode(status) == TF_OK;
  TF_DeleteStatus(status);
  return done;
}

bool registerBoth() {
  static const bool done =
      registerOne("BnlabBatchNorm", {"x: float", "gamma: float", "beta: float"},
                  {"y: float", "mean: float", "variance: float", "inverse: float"}, forward) &&
      registerOne("BnlabBatchNormGrad",
                  {"dy: float", "x: float", "gamma: float", "beta: float", "mean: float", "inverse: float"},
                  {"dx: float", "dgamma: float", "dbeta: float"}, backward);
  return done;
}

napi_value Init(napi_env env, napi_value exports) {
  choice.exportTo(env, exports);
  return exports;
}

}  // namespace

NAPI_MODULE(NODE_GYP_MODULE_NAME, Init)
