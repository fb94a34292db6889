#include "engine/library_contents.h"

#include <chrono>
#include <functional>
#include <thread>

#include "base/clock.h"
#include "engine/transfer.h"
#include "store/snapshot.h"

namespace lodestone {
namespace {

constexpr double kTransactionBudgetMs = 10;

// A tab that was closed or has crashed may hold the file for a moment longer.
Result<std::unique_ptr<Store>> OpenPatiently(const StoragePlace& place) {
  const double until_ms = SystemClock().NowMs() + place.patience_ms;
  for (;;) {
    Result<std::unique_ptr<Store>> store = Store::Open(place.path);
    const StatusCode code = store.status().code();
    const bool is_held = !store.ok() && (code == StatusCode::kUnavailable || code == StatusCode::kBusy);
    if (!is_held || SystemClock().NowMs() >= until_ms) return store;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

// Puts a new library in the place of the damaged one and takes over what can be read.
Result<std::string> Mend(const std::string& path, std::unique_ptr<Store>* store) {
  const Result<std::string> aside = SetAside(path);
  if (!aside.ok()) return aside.status();
  Result<std::unique_ptr<Store>> fresh = Store::Open(path);
  if (!fresh.ok()) return fresh.status();
  *store = std::move(fresh).value();
  const std::function<void()> nobody;
  const Result<ImportResult> saved = (*store)->Import(aside.value(), ImportMode::kSalvage, kTransactionBudgetMs, nobody);
  std::string notice = "The stored library was damaged. ";
  if (!saved.ok()) {
    notice += "Nothing of it could be read, so a new one was begun: add your files again.";
  } else {
    notice += std::to_string(saved.value().added) + " documents were saved into a new one";
    const Status& ended = saved.value().ended_early;
    notice += !ended.ok() ? ", then saving ended: " + ended.message() + " Add your files again."
              : saved.value().damaged > 0 ? ", " + std::to_string(saved.value().damaged) + " were lost: add your files again."
                                        : ". Add your files again to be sure that none is missing.";
  }
  return notice + " The damaged file is kept and can be exported.";
}

LibraryContents InMemory(const Status& reason, StoragePlace* place, std::unique_ptr<Store>* store) {
  *place = {":memory:", "memory", place->scratch_folder, 0, ""};
  Result<std::unique_ptr<Store>> opened = Store::Open(place->path);
  if (!opened.ok()) {
    LibraryContents contents;
    contents.status = opened.status();
    return contents;
  }
  *store = std::move(opened).value();
  LibraryContents contents = ReadLibrary(**store);
  contents.storage_name = place->name;
  contents.notice = "The library could not be opened: " + reason.message() +
                    " What you add here is kept until this tab is closed.";
  return contents;
}

}  // namespace

LibraryContents ReadLibrary(Store& store) {
  LibraryContents contents;
  Result<std::vector<DocumentRecord>> documents = store.ListDocuments();
  auto passages = store.ListPassages();
  auto damaged = store.ListDamaged();
  const Result<uint64_t> size_bytes = store.SizeBytes();
  const Result<bool> needs_compaction = store.NeedsCompaction();
  for (const Status& status : {documents.status(), passages.status(), damaged.status(), size_bytes.status(),
                               needs_compaction.status()}) {
    if (status.ok()) continue;
    contents.status = status;
    return contents;
  }
  contents.documents = std::move(documents).value();
  contents.passages = std::move(passages).value();
  contents.damaged_paths = std::move(damaged).value();
  contents.size_bytes = size_bytes.value();
  contents.needs_compaction = needs_compaction.value();
  return contents;
}

LibraryContents OpenLibraryAt(StoragePlace* place, std::unique_ptr<Store>* store) {
  RemoveLeftovers(*place);
  Result<std::unique_ptr<Store>> opened = OpenPatiently(*place);
  if (!opened.ok() && opened.status().code() == StatusCode::kBadData) return MendLibraryAt(place, store);
  // Most often another program has it open.
  const StatusCode code = opened.status().code();
  if (!opened.ok() && (code == StatusCode::kUnavailable || code == StatusCode::kBusy)) return InMemory(opened.status(), place, store);
  LibraryContents contents;
  contents.status = opened.status();
  if (opened.ok()) {
    *store = std::move(opened).value();
    contents = ReadLibrary(**store);
    if (contents.status.code() == StatusCode::kBadData) return MendLibraryAt(place, store);
  }
  contents.notice = place->notice;
  contents.storage_name = place->name;
  return contents;
}

LibraryContents MendLibraryAt(StoragePlace* place, std::unique_ptr<Store>* store) {
  store->reset();
  const Result<std::string> notice = Mend(place->path, store);
  LibraryContents contents = notice.ok() ? ReadLibrary(**store) : InMemory(notice.status(), place, store);
  if (notice.ok()) contents.notice = notice.value();
  contents.storage_name = place->name;
  return contents;
}

}  // namespace lodestone
