// The library's part of Engine: opening it, taking in another, showing a document.

#include <utility>

#include "engine/engine.h"
#include "engine/library_contents.h"

namespace lodestone {
namespace {

// Where no model comes, words do not wait for it.
constexpr double kWordsDelayMs = 3000;

}  // namespace

void Engine::OpenLibrary(std::function<void(const Status&)> opened) {
  ++context_.storage_tasks;
  context_.platform.storage->Post(Priority::kVisible, [this, opened = std::move(opened)]() mutable {
    context_.place = context_.platform.mount_storage();
    auto contents = std::make_shared<LibraryContents>(OpenLibraryAt(&context_.place, &context_.store));
    const auto adopt = [this, contents, opened = std::move(opened)] {
      --context_.storage_tasks;
      AdoptLibrary(std::move(*contents));
      if (open_status_.ok()) housekeeper_.LibraryOpened();
      opened_ = true;
      opened(open_status_);
      for (auto& work : std::exchange(after_open_, {})) work();
      StateMayHaveChanged();
    };
    context_.platform.loop->Post(Priority::kVisible, adopt, "OpenLibrary");
  });
}

void Engine::AdoptLibrary(LibraryContents contents) {
  context_.library.Clear();
  files_.Clear();
  open_status_ = contents.status;
  for (DocumentRecord& record : contents.documents) {
    files_.AddStored(FileOfDocument(record.path), record.title, record.size_bytes, record.passage_count,
                     record.lossy_encoding ? "Some characters could not be read." : "");
    context_.library.AddStoredDocument(std::move(record));
  }
  for (const auto& [passage, document] : contents.passages) context_.library.AddStoredPassage(passage, document);
  // At a start the model and its vectors come first: until words are in memory, the full-text index answers.
  words_.Restart();
  if (context_.best_model().ready()) words_.LoadDue();
  else context_.platform.loop->PostDelayed(kWordsDelayMs, [this] { words_.LoadDue(); });
  for (const std::string& path : contents.damaged_paths) ListAsDamaged(path);
  if (contents.needs_compaction) housekeeper_.DocumentsRemoved();
  storage_bytes_ = contents.size_bytes;
  storage_name_ = contents.storage_name;
  if (!contents.notice.empty()) Notify(protocol::NoticeLevel::kWarning, contents.notice);
}

void Engine::ReloadLibrary(std::function<void()> done) {
  context_.OnStorage<LibraryContents>(
      Priority::kVisible,
      [this](Store& store) {
        LibraryContents contents = ReadLibrary(store);
        contents.storage_name = context_.place.name;
        return contents;
      },
      [this, done = std::move(done)](LibraryContents contents) {
        AdoptLibrary(std::move(contents));
        fillers_.Restart();
        StateMayHaveChanged();
        done();
      });
}

void Engine::MendLibrary() {
  if (mended_) return;  // damage that comes back at once is not mended by trying again
  mended_ = true;
  ingest_.CancelAll();
  context_.OnStorage<LibraryContents>(
      Priority::kVisible, [this](Store&) { return MendLibraryAt(&context_.place, &context_.store); },
      [this](LibraryContents contents) {
        AdoptLibrary(std::move(contents));
        fillers_.Restart();
        StateMayHaveChanged();
      });
}

void Engine::OnGetDocument(RequestId id, const protocol::GetDocument& request) {
  if (!open_status_.ok()) return RespondError(id, open_status_);
  // Encoded on the storage thread: a long text must not hold up the coordinator.
  context_.OnStorage<Result<std::string>>(
      Priority::kInteractive,
      [path = request.path](Store& store) -> Result<std::string> {
        Result<Document> document = store.LoadDocument(path);
        if (!document.ok()) return document.status();
        protocol::GetDocumentReply reply;
        reply.path = path;
        reply.title = std::move(document.value().title);
        reply.text = std::move(document.value().text);
        for (Heading& heading : document.value().headings) {
          reply.headings.push_back({heading.offset, heading.level, std::move(heading.text)});
        }
        return protocol::Encode(reply);
      },
      [this, id](Result<std::string> bytes) {
        RespondEncoded(id, protocol::MessageType::kGetDocumentReply, std::move(bytes));
      });
}

}  // namespace lodestone
