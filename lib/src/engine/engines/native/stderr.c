/*
 * Holds this process's stderr back for a moment: begin() points file descriptor 2 at a nameless temporary file, end()
 * points it back and returns what was written.
 *
 * Why it exists: TensorFlow prints from static initializers, while the dynamic loader runs and before TensorFlow has
 * read TF_CPP_MIN_LOG_LEVEL, straight to file descriptor 2. Nothing in JavaScript can reach those lines.
 * lib/src/engine/engines/native/quiet.ts decides which of them a reader is spared.
 *
 * Build: cc -O2 -shared -fPIC -DNAPI_VERSION=8 -I node_modules/node-api-headers/include stderr.c -o bnlab_stderr.node
 */
#include <node_api.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int saved = -1;
static FILE *held = NULL;

/* begin(): boolean. False when nothing is held back: already begun, or no descriptor or disk to be had. */
static napi_value Begin(napi_env env, napi_callback_info info) {
  int ok = 0;
  if (held == NULL) {
    fflush(stderr);
    saved = dup(STDERR_FILENO);
    if (saved >= 0) {
      held = tmpfile();
      if (held != NULL && dup2(fileno(held), STDERR_FILENO) >= 0) {
        ok = 1;
      } else {
        if (held != NULL) fclose(held);
        held = NULL;
        close(saved);
        saved = -1;
      }
    }
  }
  napi_value result;
  napi_get_boolean(env, ok, &result);
  return result;
}

/* end(): string. Puts stderr back, and returns what was written meanwhile. */
static napi_value End(napi_env env, napi_callback_info info) {
  napi_value result = NULL;
  if (held != NULL) {
    fflush(stderr);
    dup2(saved, STDERR_FILENO);
    close(saved);
    saved = -1;
    off_t size = lseek(fileno(held), 0, SEEK_END);
    char *text = size > 0 ? malloc((size_t)size) : NULL;
    if (text != NULL) {
      ssize_t got = pread(fileno(held), text, (size_t)size, 0);
      if (got > 0) napi_create_string_utf8(env, text, (size_t)got, &result);
      free(text);
    }
    fclose(held);
    held = NULL;
  }
  if (result == NULL) napi_create_string_utf8(env, "", 0, &result);
  return result;
}

static napi_value Init(napi_env env, napi_value exports) {
  napi_value fn;
  napi_create_function(env, "begin", NAPI_AUTO_LENGTH, Begin, NULL, &fn);
  napi_set_named_property(env, exports, "begin", fn);
  napi_create_function(env, "end", NAPI_AUTO_LENGTH, End, NULL, &fn);
  napi_set_named_property(env, exports, "end", fn);
  return exports;
}

NAPI_MODULE(NODE_GYP_MODULE_NAME, Init)
