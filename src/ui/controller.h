#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "protocol/messages.h"
#include "ui/action.h"
#include "ui/state.h"

namespace lodestone::ui {

// What the UI asks of the page.
class UiHost {
 public:
  virtual ~UiHost() = default;
  // Sends a protocol request; OnReply or OnFailure of the controller answers with the same `call`.
  virtual void Request(uint32_t call, protocol::MessageType type, std::string bytes) = 0;
  // Something only the page can do: pickFiles, pickFolder, pasteText, copyText, restart, reload.
  virtual void Intent(std::string_view name, std::string_view text) = 0;
  // The text field is the page's own.
  virtual void SetFieldText(std::string_view text) = 0;
  virtual void FocusField() = 0;
};

// Turns what people do into requests and what the engine says into state.
// Thread: one only. REQUIRES: host and clock outlive it.
class UiController {
 public:
  UiController(UiHost* host, const Clock* clock) : host_(host), clock_(clock) {}

  const UiState& state() const { return state_; }
  // True while something the person did is not answered yet.
  bool waiting() const { return !calls_.empty() || settle_ms_ > 0; }

  void SetBoot(BootPhase phase, std::string message);
  void SetWalking(std::optional<Walking> walking);
  // The page has room for results and preview side by side.
  void SetWide(bool wide);
  void SetQuery(std::string text);
  void Do(const Action& action);
  void AddNotice(protocol::NoticeLevel level, std::string text);
  // Does what its time has come for. Returns whether that changes what is drawn.
  bool Wake();
  // The time until something is due, or a negative number.
  double WakeMs() const;

  // Malformed bytes leave the state as it was and show a notice.
  void OnEvent(protocol::MessageType type, std::string_view bytes);
  void OnReply(uint32_t call, protocol::MessageType type, std::string_view bytes);
  void OnFailure(uint32_t call, std::string_view code, std::string_view message);

 private:
  enum class CallKind : uint8_t { kSearch, kDocument, kLibrary, kState, kCommand };
  struct Call {
    CallKind kind = CallKind::kCommand;
    uint32_t epoch = 0;
    uint32_t page = 0;      // kLibrary
    uint32_t version = 0;   // kLibrary
    uint32_t top = 0;       // kSearch
    std::string text = {};  // kSearch: question, kDocument: path
    protocol::SearchMode mode{};
  };

  template <typename T>
  void Send(const T& message, Call call) {
    const uint32_t id = next_call_++;
    call.epoch = epoch_;
    calls_.emplace(id, std::move(call));
    host_->Request(id, protocol::kTypeOf<T>, protocol::Encode(message));
  }
  void Connected();
  void ApplyEngine(protocol::EngineState engine);
  void ApplySearch(const Call& call, protocol::SearchReply reply);
  void ApplyDocument(const Call& call, protocol::GetDocumentReply reply);
  void ApplyLibrary(const Call& call, protocol::ListLibraryReply reply);
  void AskSearch();
  void AskSearchAgainIfStale();
  void AskDocument();
  void AskLibrary();
  void Select(int document, int passage, bool open);
  bool Typing() const;
  // What that changes comes with replies.
  void Settle();
  // The text beside the results is another's now.
  void LeaveFirst();
  void ShowPassages(const protocol::DocumentHit& hit, int passage);
  bool InFlight(CallKind kind) const;

  UiHost* host_;
  const Clock* clock_;
  UiState state_;
  std::unordered_map<uint32_t, Call> calls_;
  uint32_t next_call_ = 1;
  uint32_t epoch_ = 0;  // grows with each engine life: answers of an older one count for nothing
  uint32_t next_notice_ = 1;
  bool wide_ = true;
  // What the newest search saw, to notice that the library moved on.
  double searched_ms_ = 0;
  uint32_t searched_library_ = 0;
  uint32_t searched_embedded_ = 0;
  std::string answered_text_;
  protocol::SearchMode answered_mode_{};
  bool answered_any_ = false;
  double typed_ms_ = 0;      // when the question last changed
  double settle_ms_ = 0;     // when what follows typing is due; 0 when nothing is
  bool asks_more_ = false;   // all results then, as only the first were asked for
  bool shows_first_ = false; // the first result's text then
  bool chosen_ = false;  // the selection is the person's own, not merely the first result
  std::string document_in_flight_;
  uint32_t shown_library_ = 0;  // library_version that the previewed text is of
  uint32_t rows_first_ = 0;
  uint32_t rows_last_ = 0;
};

}  // namespace lodestone::ui
