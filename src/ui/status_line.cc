#include <algorithm>

#include "ui/chrome.h"
#include "ui/format.h"
#include "ui/library_panel.h"
#include "ui/widgets.h"

namespace lodestone::ui {

std::string StatusText(const UiState& state) {
  switch (state.boot.phase) {
    case BootPhase::kStarting:
      return state.boot.message.empty() ? "Starting\xE2\x80\xA6" : state.boot.message;
    case BootPhase::kDied:
      return "The search engine stopped";
    case BootPhase::kMismatch:
      return "A new version is there";
    case BootPhase::kFailed:
      return "Not running";
    case BootPhase::kReady:
      break;
  }
  if (!state.engine.has_value()) return "Starting\xE2\x80\xA6";
  const protocol::EngineState& engine = *state.engine;
  if (state.indexing())
    return (state.boot.walking.has_value() ? ""
            : engine.paused                ? ""
                                           : "Indexing ") +
           ProgressText(state);
  if (engine.model_state == protocol::ModelState::kLoading)
    return "Loading the model: words are found already, meaning soon";
  if (engine.model_state == protocol::ModelState::kFailed) {
    return engine.model_error.empty()
               ? "The model could not be loaded: words are found, meaning is not"
               : engine.model_error;
  }
  return "Ready";
}

std::vector<std::string> StatusFacts(const UiState& state) {
  std::vector<std::string> facts;
  if (!state.engine.has_value()) return facts;
  const protocol::EngineState& engine = *state.engine;
  std::string passages = FormatCountOf(engine.passages, "passage", "passages");
  if (engine.embedded_passages < engine.passages)
    passages += " (" + FormatCount(engine.embedded_passages) + " embedded)";
  facts.push_back(passages);
  facts.push_back(FormatCountOf(engine.threads, "thread", "threads") +
                  (engine.isolated ? ", isolated" : ", not isolated"));
  if (engine.storage == "memory") {
    facts.push_back("gone when this tab closes");
  } else if (!engine.storage.empty()) {
    facts.push_back(engine.storage_bytes > 0 ? FormatBytes(engine.storage_bytes) + " kept here"
                                             : "kept on this device");
  }
  if (!engine.model_id.empty()) facts.push_back("model " + engine.model_id);
  if (engine.queued + engine.running > 0)
    facts.push_back("queue " + FormatCount(engine.queued + engine.running));
  if (engine.loop_lag.samples > 0) {
    std::string lag = "lag " + FormatMs(static_cast<double>(engine.loop_lag.p99_ms));
    if (engine.loop_stalls > 0)
      lag += ", at worst " + FormatMs(static_cast<double>(engine.loop_lag.max_ms));
    facts.push_back(std::move(lag));
  }
  return facts;
}

void DrawStatusLine(Frame& frame, const Rect& rect) {
  Canvas& canvas = frame.canvas;
  const Theme& theme = frame.theme();
  const UiState& state = frame.state;
  canvas.HorizontalLine(rect.x, rect.right(), rect.y, theme.border);
  const std::string text = StatusText(state);
  const std::vector<std::string> facts = StatusFacts(state);
  const float pad = frame.narrow ? kSpace3 : kSpace5;
  const float y = rect.y + (rect.height - kCaption.line_height) / 2;
  const bool bad =
      state.boot.phase == BootPhase::kDied || state.boot.phase == BootPhase::kFailed ||
      (state.engine.has_value() && state.engine->model_state == protocol::ModelState::kFailed);
  const Color dot = bad                                     ? theme.danger
                    : state.boot.phase != BootPhase::kReady ? theme.warning
                                                            : theme.accent;
  canvas.list()->AddCircleFilled({rect.x + pad + 3, rect.y + rect.height / 2 + 0.5f}, 3, dot);
  const float left = rect.x + pad + 14;
  const float used = canvas.Text(kCaption, left, y, theme.muted, text, rect.width - 2 * pad - 14);
  float x = left + used + kSpace5;
  if (!frame.narrow && state.indexing() && x + 160 < rect.right()) {
    ProgressBar(frame, IdOf("status_progress"),
                {x - kSpace2, rect.y + rect.height / 2 - 1.5f, 96, 4}, "Indexing",
                ProgressPart(state));
    x += 96 + kSpace4;
  }
  std::string all = text;
  for (const std::string& fact : facts) all += (all.ends_with('.') ? " " : ". ") + fact;
  frame.mirror.Add({.id = IdOf("status"),
                    .role = Role::kStatus,
                    .name = "Status",
                    .text = all,
                    .box = rect.box()});
  // As many facts as fit, dropped from the least important end.
  float right = rect.right() - pad;
  size_t shown = 0;
  float needed = 0;
  for (const std::string& fact : facts) {
    const float width = canvas.WidthOf(kCaption, fact) + (shown > 0 ? 24 : 0);
    if (needed + width > right - x) break;
    needed += width;
    ++shown;
  }
  x = right - needed;
  for (size_t i = 0; i < shown; ++i) {
    if (i > 0) {
      canvas.list()->AddCircleFilled({x + 12, rect.y + rect.height / 2 + 0.5f}, 1.4f,
                                     theme.border_strong);
      x += 24;
    }
    x += canvas.Text(kCaption, x, y, theme.faint, facts[i]);
  }
}

}  // namespace lodestone::ui
