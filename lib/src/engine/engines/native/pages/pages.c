/*
 * Gives back the pages of TensorFlow's libraries that only their loading has read. They lie in files that do not change: what is read
 * again comes back by itself, from the system's cache of the file.
 *
 * Why it exists: loading reads 290 MiB of the libraries, to bind their symbols and then to run their initializers, which are strewn over
 * them; a training step reads 20 MiB. Until somebody else needs the memory all of it counts as the process's own.
 *
 * As a constructor it gives back what binding has read, before the first initializer of TensorFlow's runs: see first.c. The function
 * release() gives back what has been read by then. Segments that can be written are left alone, as their pages are the process's own.
 *
 * On Linux alone: it reads what is mapped from the dynamic loader.
 */
#define _GNU_SOURCE
#include <link.h>
#include <node_api.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static int ReleaseOne(struct dl_phdr_info *library, size_t size, void *unused) {
  (void)size, (void)unused;
  if (strstr(library->dlpi_name, "libtensorflow") == NULL) return 0;
  const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
  for (int i = 0; i < library->dlpi_phnum; i++) {
    const ElfW(Phdr) *segment = &library->dlpi_phdr[i];
    if (segment->p_type == PT_DYNAMIC) {
      /* a library whose code is changed while it is bound has pages of its own there */
      for (const ElfW(Dyn) *entry = (void *)(library->dlpi_addr + segment->p_vaddr); entry->d_tag != DT_NULL; entry++) {
        if (entry->d_tag == DT_TEXTREL || (entry->d_tag == DT_FLAGS && (entry->d_un.d_val & DF_TEXTREL))) return 0;
      }
    }
  }
  for (int i = 0; i < library->dlpi_phnum; i++) {
    const ElfW(Phdr) *segment = &library->dlpi_phdr[i];
    if (segment->p_type != PT_LOAD || (segment->p_flags & PF_W)) continue;
    const uintptr_t begin = (library->dlpi_addr + segment->p_vaddr) & ~(page - 1);
    const uintptr_t end = (library->dlpi_addr + segment->p_vaddr + segment->p_filesz + page - 1) & ~(page - 1);
    madvise((void *)begin, end - begin, MADV_DONTNEED);
  }
  return 0;
}

__attribute__((constructor)) static void ReleaseWhatBindingRead(void) { dl_iterate_phdr(ReleaseOne, NULL); }

static napi_value Release(napi_env env, napi_callback_info info) {
  (void)env, (void)info;
  dl_iterate_phdr(ReleaseOne, NULL);
  return NULL;
}

NAPI_MODULE_INIT() {
  napi_value release;
  napi_create_function(env, "release", NAPI_AUTO_LENGTH, Release, NULL, &release);
  napi_set_named_property(env, exports, "release", release);
  return exports;
}
