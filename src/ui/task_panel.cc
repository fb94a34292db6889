#include "ui/task_panel.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "ui/format.h"
#include "ui/library_panel.h"
#include "ui/widgets.h"

namespace lodestone::ui {
namespace {

using protocol::TaskAction;
using protocol::TaskEntry;
using protocol::TaskState;

// At once: more would leave no room for the documents.
constexpr size_t kMaxCards = 3;
constexpr float kMoreHeight = 32;
constexpr float kTextTop = 11;
constexpr float kBarTop = 57;
constexpr float kButtonsTop = 71;

struct Card {
  TaskEntry task = {};
  std::string text = {};
  std::string detail = {};
  float part = -1;  // unknown
};

bool HasEnded(const TaskEntry& task) { return task.state > TaskState::kPaused; }

std::string CountText(const TaskEntry& task) {
  if (task.state == TaskState::kWaiting) return "Waiting";
  if (task.total == 0) return task.state == TaskState::kPaused ? "Paused" : "Under way";
  std::string count = FormatCount(task.done) + " of ";
  if (task.kind == "import" || task.kind == "export") {
    count = FormatBytes(task.done) + " of " + FormatBytes(task.total);
  } else if (task.kind == "embed" || task.kind == "graph") {
    count += FormatCountOf(task.total, "passage", "passages");
  } else {
    count += FormatCount(task.total);
  }
  return task.state == TaskState::kPaused ? count + ", paused" : count;
}

Card CardOf(const UiState& state, const TaskEntry& task) {
  Card card{.task = task};
  if (task.kind == "index") {
    card.text = ProgressText(state);
    card.detail = state.engine->current_path;
  } else {
    card.text = task.title;
    card.detail = CountText(task);
  }
  if (task.total > 0) card.part = static_cast<float>(task.done) / static_cast<float>(task.total);
  return card;
}

std::vector<Card> CardsOf(const UiState& state) {
  std::vector<Card> cards;
  if (!state.engine.has_value()) return cards;
  bool indexing = false;
  for (const TaskEntry& task : state.engine->tasks) {
    indexing = indexing || task.kind == "index";
    cards.push_back(CardOf(state, task));
  }
  for (const TaskEntry& task : state.engine->ended_tasks) {
    cards.push_back({.task = task, .text = task.title, .detail = task.state == TaskState::kCancelled ? "Cancelled" : task.message});
  }
  if (state.boot.walking.has_value() && !indexing) {
    // The page looks through a folder and the engine has none of its files yet.
    Card card{.text = ProgressText(state)};
    card.task.kind = "walk";
    card.task.title = "Looking through a folder";
    cards.insert(cards.begin(), std::move(card));
  }
  return cards;
}

void DrawButtons(Frame& frame, const TaskEntry& task, float x, float y, float width) {
  const bool ready = frame.state.boot.phase == BootPhase::kReady;
  std::string of = " " + task.title;
  if (of[1] >= 'A' && of[1] <= 'Z') of[1] = static_cast<char>(of[1] + 32);
  const float half = (width - kSpace2) / 2;
  float left = x;
  const auto draw = [&](bool wanted, std::string_view id, std::string_view label, Icon icon, TaskAction action) {
    if (!wanted) return;
    if (Button(frame, IdOf(id, task.task), {left, y, half, 32}, label,
               {.look = ButtonLook::kSecondary, .icon = icon, .enabled = ready, .name = std::string(label) + of})) {
      frame.Do(ActionKind::kControlTask, static_cast<int32_t>(task.task), static_cast<int32_t>(action));
    }
    left += half + kSpace2;
  };
  const bool paused = task.state == TaskState::kPaused;
  draw(task.can_pause && !paused, "task_pause", "Pause", Icon::kPause, TaskAction::kPause);
  draw(task.can_pause && paused, "task_pause", "Resume", Icon::kPlay, TaskAction::kResume);
  draw(task.can_cancel, "task_cancel", "Cancel", Icon::kStop, TaskAction::kCancel);
  draw(task.can_restart, "task_restart", "Restart", Icon::kRefresh, TaskAction::kRestart);
  draw(HasEnded(task), "task_dismiss", "Dismiss", Icon::kClose, TaskAction::kDismiss);
}

float HeightOf(const Card& card) {
  const bool buttons = card.task.can_pause || card.task.can_cancel || card.task.can_restart;
  return buttons ? kButtonsTop + 41 : kBarTop + 18;
}

// The cards that are shown.
struct Page {
  size_t number = 0;
  size_t count = 1;
  size_t begin = 0;
  size_t end = 0;
};

Page PageOf(const UiState& state, size_t cards) {
  Page page;
  page.count = (cards + kMaxCards - 1) / kMaxCards;
  if (state.library.task_page < page.count) page.number = state.library.task_page;
  page.begin = page.number * kMaxCards;
  page.end = std::min(cards, page.begin + kMaxCards);
  return page;
}

}  // namespace

float TasksHeight(const UiState& state) {
  const std::vector<Card> cards = CardsOf(state);
  if (cards.empty()) return 0;
  float height = kSpace3;
  const Page page = PageOf(state, cards.size());
  for (size_t i = page.begin; i < page.end; ++i) height += HeightOf(cards[i]) + kSpace3;
  return page.count > 1 ? height + kMoreHeight + kSpace3 : height;
}

void DrawTasks(Frame& frame, const Rect& rect) {
  const std::vector<Card> cards = CardsOf(frame.state);
  if (cards.empty()) return;
  Canvas& canvas = frame.canvas;
  const Theme& theme = frame.theme();
  const Page page = PageOf(frame.state, cards.size());
  frame.mirror.Open(
      {.id = IdOf("tasks"), .role = Role::kList, .name = "Tasks", .box = rect.box()});
  float y = rect.y + kSpace3;
  for (size_t i = page.begin; i < page.end; ++i) {
    const Card& card = cards[i];
    const uint32_t id = card.task.task;
    const Rect box = {rect.x, y, rect.width, HeightOf(card)};
    canvas.Fill(box, theme.dark ? theme.surface : theme.background, kRadius);
    const float x = box.x + kSpace4;
    const float width = box.width - 2 * kSpace4;
    frame.mirror.Open({.id = IdOf("task", id),
                       .role = Role::kListItem,
                       .name = card.task.title,
                       .box = box.box(),
                       .position = static_cast<uint32_t>(i + 1),
                       .set_size = static_cast<uint32_t>(cards.size())});
    canvas.Text(kControlStrong, x, box.y + kTextTop, theme.text, card.text, width);
    MirrorText(frame, IdOf("task_text", id), {x, box.y + kTextTop, width, 20}, card.text);
    canvas.Text(kSmall, x, box.y + 32, theme.faint, card.detail, width, true);
    if (!card.detail.empty())
      MirrorText(frame, IdOf("task_detail", id), {x, box.y + 32, width, 18}, card.detail);
    if (card.part >= 0) {
      ProgressBar(frame, IdOf("task_progress", id), {x, box.y + kBarTop, width, 6},
                  card.task.title, card.part);
    }
    DrawButtons(frame, card.task, x, box.y + kButtonsTop, width);
    frame.mirror.Close();
    y += box.height + kSpace3;
  }
  frame.mirror.Close();
  if (page.count < 2) return;
  const std::string more = FormatCountOf(cards.size() - (page.end - page.begin), "more task", "more tasks");
  if (Button(frame, IdOf("tasks_more"), {rect.x, y, rect.width, kMoreHeight}, more, {.look = ButtonLook::kQuiet, .name = "Show " + more})) {
    frame.Do(ActionKind::kTurnTasks, static_cast<int32_t>((page.number + 1) % page.count));
  }
}

}  // namespace lodestone::ui
