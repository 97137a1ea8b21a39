/* Which kind of vector registers an addon works by, chosen while it runs, and what Node sees of that: `kinds`, `use`, `calls`. */
#pragma once
#include <node_api.h>
#include <atomic>
#include <cstring>

/** One kind of registers; what an addon does by them follows in a struct of its own. */
struct Registers {
  const char *name;
  /** how many float32 a register holds */
  int lanes;
  bool (*runsHere)();
};

template <class Kind>
class Choice {
 public:
  /** The registers in use; none before `use`. */
  const Kind *chosen = nullptr;
  /** How often the addon was called by what it is registered with. */
  std::atomic<int64_t> calls{0};

  /**
   * kinds: those that the build knows, widest first; ends with one without a name.
   * registerAll: whether XLA or TensorFlow has what it is to call; registered at the first call, for both refuse a second of the same name.
   */
  Choice(const Kind *kinds, bool (*registerAll)()) : kinds(kinds), registerAll(registerAll) {}

  /* Sets what Node sees on an addon's exports. */
  void exportTo(napi_env env, napi_value exports) {
    napi_set_named_property(env, exports, "kinds", listed(env));
    add(env, exports, "use", [](napi_env env, napi_callback_info info) { return use(env, info); });
    add(env, exports, "calls", [](napi_env env, napi_callback_info info) { return called(env, info); });
  }

 private:
  const Kind *const kinds;
  bool (*const registerAll)();

  void add(napi_env env, napi_value exports, const char *name, napi_callback callback) {
    napi_value function;
    napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, this, &function);
    napi_set_named_property(env, exports, name, function);
  }

  /* kinds: { name: string, lanes: number }[], those that this processor has, widest first. */
  napi_value listed(napi_env env) const {
    napi_value list, one, value;
    napi_create_array(env, &list);
    uint32_t count = 0;
    for (const Kind *kind = kinds; kind->name != nullptr; kind++) {
      if (!kind->runsHere()) continue;
      napi_create_object(env, &one);
      napi_create_string_utf8(env, kind->name, NAPI_AUTO_LENGTH, &value);
      napi_set_named_property(env, one, "name", value);
      napi_create_int32(env, kind->lanes, &value);
      napi_set_named_property(env, one, "lanes", value);
      napi_set_element(env, list, count++, one);
    }
    return list;
  }

  /* use(name): boolean. True when the addon works by these registers and is registered. */
  static napi_value use(napi_env env, napi_callback_info info) {
    size_t count = 1, length = 0;
    napi_value argument, result;
    void *self = nullptr;
    char name[16] = "";
    napi_get_cb_info(env, info, &count, &argument, nullptr, &self);
    napi_get_value_string_utf8(env, argument, name, sizeof name, &length);
    Choice &choice = *static_cast<Choice *>(self);
    bool found = false;
    for (const Kind *kind = choice.kinds; kind->name != nullptr; kind++) {
      if (std::strcmp(kind->name, name) != 0 || !kind->runsHere()) continue;
      choice.chosen = kind;
      found = choice.registerAll();
    }
    napi_get_boolean(env, found, &result);
    return result;
  }

  /* calls(): number of calls so far. */
  static napi_value called(napi_env env, napi_callback_info info) {
    napi_value result;
    void *self = nullptr;
    napi_get_cb_info(env, info, nullptr, nullptr, nullptr, &self);
    napi_create_int64(env, static_cast<Choice *>(self)->calls.load(std::memory_order_relaxed), &result);
    return result;
  }
};
