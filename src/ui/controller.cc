#include "ui/controller.h"

#include <algorithm>
#include <utility>

namespace lodestone::ui {
namespace {

using protocol::MessageType;
using protocol::NoticeLevel;

constexpr uint32_t kTopDocuments = 50;
// More than a screen holds. Fifty take three times as long, for their best sentences are looked for.
constexpr uint32_t kTopWhileTyping = 10;
// While files come in, an answered question is asked again at most this often.
constexpr double kRefreshMs = 1500;
constexpr double kInfoNoticeMs = 7000;
// While somebody types, the first results follow each key; the others, and the text beside them, when this has passed.
constexpr double kTypingPauseMs = 200;
constexpr size_t kMaxNotices = 4;
constexpr size_t kMaxLibraryPages = 64;
constexpr std::string_view kGroup = "field";

constexpr std::string_view kUnreadable =
    "The search engine sent something this page does not understand. Reload the page.";

}  // namespace

bool UiController::InFlight(CallKind kind) const {
  return std::any_of(calls_.begin(), calls_.end(),
                     [&](const auto& entry) { return entry.second.kind == kind; });
}

void UiController::SetBoot(BootPhase phase, std::string message) {
  const bool was_ready = state_.boot.phase == BootPhase::kReady;
  state_.boot.phase = phase;
  state_.boot.message = std::move(message);
  if (phase == BootPhase::kReady && !was_ready) {
    Connected();
  } else if (phase != BootPhase::kReady && was_ready) {
    calls_.clear();
    settle_ms_ = 0;
    state_.search.in_flight = false;
    state_.boot.walking.reset();
  }
}

void UiController::Connected() {
  ++epoch_;
  calls_.clear();
  ++state_.library.version;
  document_in_flight_.clear();
  settle_ms_ = 0;
  state_.search.in_flight = false;
  answered_any_ = false;
  Send(protocol::GetState{}, {.kind = CallKind::kState});
  if (state_.gentle) Send(protocol::SetSettings{.gentle = true}, {});
  AskSearch();
  AskDocument();
  AskLibrary();
}

void UiController::SetWalking(std::optional<Walking> walking) {
  state_.boot.walking = std::move(walking);
}

void UiController::SetWide(bool wide) {
  if (wide == wide_) return;
  wide_ = wide;
  const SearchState& search = state_.search;
  if (wide && search.selected >= 0 && state_.preview.status == PreviewStatus::kNone) {
    Select(search.selected, search.passage, false);
  }
}

void UiController::SetQuery(std::string text) {
  if (text == state_.search.text) return;
  state_.search.text = std::move(text);
  typed_ms_ = clock_->NowMs();
  AskSearch();
}

void UiController::AskSearch() {
  SearchState& search = state_.search;
  if (IsBlank(search.text)) {
    search.reply.reset();
    search.error.clear();
    search.selected = -1;
    answered_any_ = false;
    settle_ms_ = 0;
    ++search.answers;
    if (!state_.library.open) {
      state_.preview.status = PreviewStatus::kNone;
      state_.preview.document.reset();
    }
    state_.preview.open = false;
    return;
  }
  if (state_.boot.phase != BootPhase::kReady) return;
  // One search at a time: the newest text goes out when the answer is in.
  if (search.in_flight) return;
  search.in_flight = true;
  searched_ms_ = clock_->NowMs();
  if (state_.engine.has_value()) {
    searched_library_ = state_.engine->library_version;
    searched_embedded_ = state_.engine->embedded_passages;
  }
  const uint32_t top = Typing() ? kTopWhileTyping : kTopDocuments;
  Send(protocol::Search{.text = search.text,
                        .mode = search.mode,
                        .top = top,
                        .group = std::string(kGroup)},
       {.kind = CallKind::kSearch, .top = top, .text = search.text, .mode = search.mode});
}

void UiController::AskSearchAgainIfStale() {
  const SearchState& search = state_.search;
  if (!state_.engine.has_value() || search.in_flight || !answered_any_ || IsBlank(search.text))
    return;
  const bool moved = state_.engine->library_version != searched_library_ ||
                     state_.engine->embedded_passages != searched_embedded_;
  if (!moved) return;
  if (state_.engine->idle || clock_->NowMs() - searched_ms_ >= kRefreshMs) AskSearch();
}

void UiController::ApplySearch(const Call& call, protocol::SearchReply reply) {
  SearchState& search = state_.search;
  if (IsBlank(search.text)) return;
  const bool same_question =
      answered_any_ && call.text == answered_text_ && call.mode == answered_mode_;
  std::string selected_path;
  if (same_question && chosen_ && search.reply != nullptr && search.selected >= 0 &&
      search.selected < static_cast<int>(search.reply->results.size())) {
    selected_path = search.reply->results[search.selected].path;
  }
  const bool followed = !selected_path.empty() && state_.preview.path == selected_path;
  search.reply = std::make_shared<const protocol::SearchReply>(std::move(reply));
  search.error.clear();
  ++search.answers;
  answered_any_ = true;
  answered_text_ = call.text;
  answered_mode_ = call.mode;
  const auto& results = search.reply->results;
  asks_more_ = call.top < kTopDocuments && results.size() >= call.top;
  shows_first_ = false;
  settle_ms_ = asks_more_ ? typed_ms_ + kTypingPauseMs : 0;
  if (same_question && chosen_) {
    // The list may have moved around the document that the person chose: stay with it.
    const auto found = std::find_if(results.begin(), results.end(),
                                    [&](const auto& hit) { return hit.path == selected_path; });
    if (found != results.end()) {
      search.selected = static_cast<int>(found - results.begin());
      search.passage =
          std::min(search.passage, std::max(0, static_cast<int>(found->passages.size()) - 1));
      if (followed) ShowPassages(*found, search.passage);
      return;
    }
  }
  if (!same_question) ++search.questions;
  chosen_ = false;
  search.selected = results.empty() ? -1 : 0;
  search.passage = 0;
  if (!results.empty() && wide_) {
    // Found again at the top: what is being read there stays where it is.
    if (same_question && state_.preview.path == results[0].path) {
      ShowPassages(results[0], std::min(static_cast<int>(state_.preview.passage),
                                        static_cast<int>(results[0].passages.size()) - 1));
      return;
    }
    shows_first_ = true;
    if (!Typing()) {
      Settle();
    } else if (state_.preview.path == results[0].path) {
      Select(0, 0, false);  // that text is beside the results already: its marks follow each key
    } else {
      settle_ms_ = typed_ms_ + kTypingPauseMs;
    }
  } else if (!state_.preview.open) {
    state_.preview.status = PreviewStatus::kNone;
    state_.preview.document.reset();
    state_.preview.path.clear();
  }
}

bool UiController::Typing() const { return clock_->NowMs() < typed_ms_ + kTypingPauseMs; }

void UiController::Settle() {
  settle_ms_ = 0;
  if (std::exchange(asks_more_, false)) AskSearch();
  if (std::exchange(shows_first_, false)) Select(0, 0, false);
}

void UiController::LeaveFirst() {
  shows_first_ = false;
  if (!asks_more_) settle_ms_ = 0;
}

void UiController::Select(int document, int passage, bool open) {
  LeaveFirst();
  SearchState& search = state_.search;
  if (search.reply == nullptr || document < 0 ||
      document >= static_cast<int>(search.reply->results.size()))
    return;
  const protocol::DocumentHit& hit = search.reply->results[document];
  search.selected = document;
  search.passage = std::clamp(passage, 0, std::max(0, static_cast<int>(hit.passages.size()) - 1));
  if (open) state_.preview.open = true;
  if (!wide_ && !open) return;
  ShowPassages(hit, search.passage);
  ++state_.preview.scroll_requests;
  AskDocument();
}

void UiController::ShowPassages(const protocol::DocumentHit& hit, int passage) {
  PreviewState& preview = state_.preview;
  if (preview.path != hit.path) {
    preview.path = hit.path;
    preview.status = PreviewStatus::kLoading;
    preview.error.clear();
  }
  preview.passages = hit.passages;
  for (protocol::PassageHit& marked : preview.passages) marked.text.clear();
  preview.passage = static_cast<uint32_t>(std::max(0, passage));
}

void UiController::AskDocument() {
  PreviewState& preview = state_.preview;
  if (preview.path.empty() || state_.boot.phase != BootPhase::kReady ||
      !document_in_flight_.empty())
    return;
  const uint32_t library = state_.engine.has_value() ? state_.engine->library_version : 0;
  if (preview.document != nullptr && preview.document->message.path == preview.path &&
      shown_library_ == library) {
    preview.status = PreviewStatus::kShown;
    return;
  }
  document_in_flight_ = preview.path;
  shown_library_ = library;
  Send(protocol::GetDocument{.path = preview.path},
       {.kind = CallKind::kDocument, .text = preview.path});
}

void UiController::ApplyDocument(const Call& call, protocol::GetDocumentReply reply) {
  document_in_flight_.clear();
  PreviewState& preview = state_.preview;
  if (call.text != preview.path) return AskDocument();  // the eyes have moved on
  const bool reread = preview.document != nullptr && preview.document->message == reply;
  preview.status = PreviewStatus::kShown;
  preview.error.clear();
  if (!reread) preview.document = std::make_shared<PreviewDocument>(std::move(reply));
}

void UiController::AskLibrary() {
  LibraryState& library = state_.library;
  if (!library.open || state_.boot.phase != BootPhase::kReady || InFlight(CallKind::kLibrary))
    return;
  const uint32_t last_row =
      library.known ? std::min(rows_last_, library.total > 0 ? library.total - 1 : 0) : 0;
  for (uint32_t page = std::min(rows_first_, last_row) / LibraryState::kPageSize;
       page <= last_row / LibraryState::kPageSize; ++page) {
    const auto found = library.pages.find(page);
    if (found != library.pages.end() && found->second.version == library.version) continue;
    Send(protocol::ListLibrary{.offset = page * LibraryState::kPageSize,
                               .count = LibraryState::kPageSize,
                               .only_failed = library.only_failed},
         {.kind = CallKind::kLibrary,
          .page = page,
          .version = library.version,
          .text = library.only_failed ? "failed" : ""});
    return;
  }
}

void UiController::ApplyLibrary(const Call& call, protocol::ListLibraryReply reply) {
  LibraryState& library = state_.library;
  if (library.only_failed == (call.text == "failed")) {
    library.total = library.only_failed ? reply.failed_total : reply.total;
    library.failed_total = reply.failed_total;
    library.known = true;
    if (library.pages.size() >= kMaxLibraryPages) library.pages.clear();
    library.pages[call.page] = {std::move(reply.entries), call.version};
  }
  AskLibrary();
}

void UiController::ApplyEngine(protocol::EngineState engine) {
  const auto changed = [&](const protocol::EngineState& before) {
    return before.library_version != engine.library_version ||
           before.files_done != engine.files_done || before.files_total != engine.files_total ||
           before.files_failed != engine.files_failed ||
           before.current_path != engine.current_path ||
           before.embedded_passages != engine.embedded_passages;
  };
  if (!state_.engine.has_value() || changed(*state_.engine)) ++state_.library.version;
  state_.engine = std::move(engine);
  AskLibrary();
  AskSearchAgainIfStale();
}

void UiController::OnEvent(MessageType type, std::string_view bytes) {
  if (type == MessageType::kStateChanged) {
    Result<protocol::StateChanged> event = protocol::Decode<protocol::StateChanged>(bytes);
    if (!event.ok()) return AddNotice(NoticeLevel::kError, std::string(kUnreadable));
    ApplyEngine(std::move(event.value().state));
  } else if (type == MessageType::kNotice) {
    Result<protocol::Notice> event = protocol::Decode<protocol::Notice>(bytes);
    if (!event.ok()) return AddNotice(NoticeLevel::kError, std::string(kUnreadable));
    AddNotice(event.value().level, std::move(event.value().text));
  }
}

void UiController::OnReply(uint32_t id, MessageType type, std::string_view bytes) {
  const auto found = calls_.find(id);
  if (found == calls_.end() || found->second.epoch != epoch_) return;
  if (type == MessageType::kErrorReply) {
    const Result<protocol::ErrorReply> error = protocol::Decode<protocol::ErrorReply>(bytes);
    return error.ok() ? OnFailure(id, error.value().code, error.value().message)
                      : OnFailure(id, "kBadData", kUnreadable);
  }
  const Call call = std::move(found->second);
  calls_.erase(found);
  const auto with = [&](auto decoded, auto apply) {
    if (decoded.ok()) return apply(std::move(decoded).value());
    OnFailure(0, "kBadData", kUnreadable);
  };
  switch (call.kind) {
    case CallKind::kSearch:
      state_.search.in_flight = false;
      if (type == MessageType::kSearchReply) {
        with(protocol::Decode<protocol::SearchReply>(bytes),
             [&](auto reply) { ApplySearch(call, std::move(reply)); });
      }
      if (call.text != state_.search.text || call.mode != state_.search.mode) AskSearch();
      return;
    case CallKind::kDocument:
      return with(protocol::Decode<protocol::GetDocumentReply>(bytes),
                  [&](auto reply) { ApplyDocument(call, std::move(reply)); });
    case CallKind::kLibrary:
      return with(protocol::Decode<protocol::ListLibraryReply>(bytes),
                  [&](auto reply) { ApplyLibrary(call, std::move(reply)); });
    case CallKind::kState:
      return with(protocol::Decode<protocol::GetStateReply>(bytes),
                  [&](auto reply) { ApplyEngine(std::move(reply.state)); });
    case CallKind::kCommand:
      return;
  }
}

void UiController::OnFailure(uint32_t id, std::string_view code, std::string_view message) {
  const auto found = calls_.find(id);
  if (id != 0 && (found == calls_.end() || found->second.epoch != epoch_)) return;
  Call call;
  if (id != 0) {
    call = std::move(found->second);
    calls_.erase(found);
  }
  const bool cancelled = code == "kCancelled";
  if (id != 0 && call.kind == CallKind::kSearch) {
    SearchState& search = state_.search;
    search.in_flight = false;
    if (call.text != search.text || call.mode != search.mode) return AskSearch();
    if (cancelled) return;
    search.error = message;
    search.reply.reset();
    search.selected = -1;
    ++search.answers;
    return;
  }
  if (id != 0 && call.kind == CallKind::kDocument) {
    document_in_flight_.clear();
    if (call.text != state_.preview.path) return AskDocument();
    state_.preview.status = PreviewStatus::kFailed;
    state_.preview.error = message;
    state_.preview.document.reset();
    return;
  }
  if (!cancelled) AddNotice(NoticeLevel::kError, std::string(message));
}

void UiController::AddNotice(NoticeLevel level, std::string text) {
  std::vector<NoticeItem>& notices = state_.notices;
  std::erase_if(notices, [&](const NoticeItem& notice) { return notice.text == text; });
  if (notices.size() >= kMaxNotices) notices.erase(notices.begin());
  const double until = level == NoticeLevel::kInfo ? clock_->NowMs() + kInfoNoticeMs : 0;
  notices.push_back({next_notice_++, level, std::move(text), until});
}

bool UiController::Wake() {
  const double now = clock_->NowMs();
  if (settle_ms_ > 0 && settle_ms_ <= now) Settle();
  return std::erase_if(state_.notices, [&](const NoticeItem& notice) {
           return notice.until_ms > 0 && notice.until_ms <= now;
         }) > 0;
}

double UiController::WakeMs() const {
  const double now = clock_->NowMs();
  double due = settle_ms_;
  for (const NoticeItem& notice : state_.notices) {
    if (notice.until_ms > 0 && (due == 0 || notice.until_ms < due)) due = notice.until_ms;
  }
  return due > 0 ? std::max(0.0, due - now) : -1;
}

}  // namespace lodestone::ui
