#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "protocol/messages.h"
#include "ui/blocks.h"

namespace lodestone::ui {

enum class BootPhase : uint8_t { kStarting, kReady, kDied, kMismatch, kFailed };

// A folder being walked before its files are added.
struct Walking {
  std::string folder;
  uint32_t files = 0;
};

struct BootState {
  BootPhase phase = BootPhase::kStarting;
  std::string message;
  std::optional<Walking> walking;
};

struct SearchState {
  std::string text;  // what the field holds
  protocol::SearchMode mode = protocol::SearchMode::kHybrid;
  bool in_flight = false;
  // The newest answer; null while the field is empty. Kept on screen until the next one is here.
  std::shared_ptr<const protocol::SearchReply> reply;
  std::string error;     // why the newest search failed, "" if it did not
  uint32_t answers = 0;  // counts replies, so that views know when to lay out anew
  uint32_t questions =
      0;              // counts changes of text or mode that were answered: selection starts over
  int selected = -1;  // index into reply->results
  int passage = 0;    // index into that document's passages
};

// A stored text under the eyes, cut into blocks as it is read.
struct PreviewDocument {
  explicit PreviewDocument(protocol::GetDocumentReply reply)
      : message(std::move(reply)), blocks(message.text) {}
  const protocol::GetDocumentReply message;
  BlockList blocks;
};

enum class PreviewStatus : uint8_t { kNone, kLoading, kShown, kFailed };

struct PreviewState {
  PreviewStatus status = PreviewStatus::kNone;
  std::string path;
  std::string error;
  std::shared_ptr<PreviewDocument>
      document;  // of `path` once shown; of the one before while loading
  std::vector<protocol::PassageHit> passages;  // to be marked, best first; their text is left empty
  uint32_t passage = 0;                        // the one to show
  uint32_t scroll_requests = 0;                // counts wishes to see `passage`
  bool open = false;                           // on narrow screens: it covers the results
};

struct LibraryPage {
  std::vector<protocol::LibraryEntry> entries;
  uint32_t version = 0;  // of LibraryState::version when it was asked for
};

struct LibraryState {
  static constexpr uint32_t kPageSize = 100;
  bool open = false;
  bool only_failed = false;
  uint32_t total = 0;  // rows of the list as filtered
  uint32_t failed_total = 0;
  bool known = false;    // one reply at least is here
  uint32_t version = 1;  // grows whenever the engine says that something changed
  std::map<uint32_t, LibraryPage> pages;
  bool confirm_remove_all = false;
  uint32_t task_page = 0;  // that is wanted; there may be fewer by now
  // The row's entry, or null until its page is here.
  const protocol::LibraryEntry* Row(uint32_t index) const;
};

struct NoticeItem {
  uint32_t id = 0;
  protocol::NoticeLevel level = protocol::NoticeLevel::kInfo;
  std::string text;
  double until_ms = 0;  // 0: stays until dismissed
};

// All that the panels draw.
struct UiState {
  BootState boot;
  std::optional<protocol::EngineState> engine;
  bool gentle = false;
  SearchState search;
  PreviewState preview;
  LibraryState library;
  std::vector<NoticeItem> notices;  // oldest first

  bool indexing() const;
  bool library_empty() const;
};

// Whether a query holds anything to search for.
bool IsBlank(std::string_view text);

}  // namespace lodestone::ui
