/*
 * Lets a SavedModel bring the settings of its session: a file session_config.pb in its folder, TensorFlow's ConfigProto as bytes.
 *
 * Why it exists: the addon loads every model with TensorFlow's default settings, and has no parameter for others. With those,
 * TensorFlow's graph optimizer rewrites arithmetic by the rules of real numbers: (x + 12582912) - 12582912 becomes x, x / 1e38
 * becomes x * 0. lib/src/engine/compile/graph/session.ts writes the file that switches it off; models without the file load as ever.
 *
 * Build: included before the addon's own source (-include session.h), whose call the macro at the end redirects.
 */
#pragma once
#include <cstdio>
#include <string>

#include "tensorflow/c/c_api.h"

static TF_Session *bnlab_load_session(const TF_SessionOptions *defaults, const TF_Buffer *run_options,
                                      const char *folder, const char *const *tags, int tags_length, TF_Graph *graph,
                                      TF_Buffer *meta_graph, TF_Status *status) {
  std::string bytes;
  std::FILE *file = std::fopen((std::string(folder) + "/session_config.pb").c_str(), "rb");
  if (file != nullptr) {
    char part[256];
    for (size_t got; (got = std::fread(part, 1, sizeof part, file)) > 0;) bytes.append(part, got);
    std::fclose(file);
  }
  if (bytes.empty()) {
    return TF_LoadSessionFromSavedModel(defaults, run_options, folder, tags, tags_length, graph, meta_graph, status);
  }
  TF_SessionOptions *options = TF_NewSessionOptions();
  TF_SetConfig(options, bytes.data(), bytes.size(), status);
  TF_Session *session = nullptr;
  if (TF_GetCode(status) == TF_OK) {
    session = TF_LoadSessionFromSavedModel(options, run_options, folder, tags, tags_length, graph, meta_graph, status);
  }
  TF_DeleteSessionOptions(options);
  return session;
}

#define TF_LoadSessionFromSavedModel bnlab_load_session
