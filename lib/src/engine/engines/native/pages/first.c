/*
 * Has the constructor of pages.c run between the two halves of TensorFlow's loading. This addon needs TensorFlow's libraries and, named
 * after them, bnlab_pages.node: the dynamic loader maps and binds all of them, then runs initializers, those of a library that needs
 * no other first. Loaded before TensorFlow.js's own addon, which finds the libraries there.
 */
#include <node_api.h>

NAPI_MODULE_INIT() {
  (void)env;
  return exports;
}
