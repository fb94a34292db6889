#include "ui/library_panel.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "imgui.h"
#include "ui/format.h"
#include "ui/task_panel.h"
#include "ui/widgets.h"

namespace lodestone::ui {
namespace {

constexpr float kPad = 20;
constexpr float kRowHeight = 54;
constexpr float kFooterHeight = 56;

struct RowLook {
  Icon icon;
  Color ink;
  std::string note;
};

RowLook LookOf(const protocol::LibraryEntry& entry, const Theme& theme) {
  using protocol::FileState;
  switch (entry.state) {
    case FileState::kQueued:
      return {Icon::kFile, theme.faint, "Waiting"};
    case FileState::kReading:
      return {Icon::kRefresh, theme.accent, "Reading"};
    case FileState::kEmbedding:
      return {Icon::kRefresh, theme.accent, "Embedding, found by its words already"};
    case FileState::kFailed:
      return {Icon::kWarning, theme.danger, entry.reason.empty() ? "Failed" : entry.reason};
    case FileState::kCancelled:
      return {Icon::kStop, theme.faint, "Cancelled"};
    case FileState::kReady:
      break;
  }
  std::string note = FormatCountOf(entry.passages, "passage", "passages");
  if (entry.size_bytes > 0) note += "  \xC2\xB7  " + FormatBytes(entry.size_bytes);
  return {Icon::kCheck, theme.accent, note};
}

std::string StateName(protocol::FileState state) {
  switch (state) {
    case protocol::FileState::kQueued:
      return "waiting";
    case protocol::FileState::kReading:
      return "reading";
    case protocol::FileState::kEmbedding:
      return "embedding";
    case protocol::FileState::kReady:
      return "ready";
    case protocol::FileState::kFailed:
      return "failed";
    case protocol::FileState::kCancelled:
      return "cancelled";
  }
  return {};
}

}  // namespace

std::string ProgressText(const UiState& state) {
  if (state.boot.walking.has_value()) {
    return "Looking through " + state.boot.walking->folder + ": " +
           FormatCountOf(state.boot.walking->files, "file", "files") + " so far";
  }
  if (!state.engine.has_value()) return {};
  const protocol::EngineState& engine = *state.engine;
  std::string text =
      FormatCount(engine.files_done) + " of " + FormatCountOf(engine.files_total, "file", "files");
  if (engine.paused) return text + ", paused";
  const std::string left = FormatTimeLeft(engine.eta_ms);
  return left.empty() ? text : text + ", " + left;
}

float ProgressPart(const UiState& state) {
  if (!state.engine.has_value() || state.engine->files_total == 0) return 0;
  return static_cast<float>(state.engine->files_done) /
         static_cast<float>(state.engine->files_total);
}

void LibraryPanel::Draw(Frame& frame, const Rect& rect) {
  Canvas& canvas = frame.canvas;
  if (!frame.narrow) canvas.Shadow(rect, 0, 22);
  canvas.Fill(rect, frame.theme().raised);
  if (!frame.narrow) canvas.VerticalLine(rect.x, rect.y, rect.bottom(), frame.theme().border);
  frame.mirror.Open(
      {.id = IdOf("library"), .role = Role::kRegion, .name = "Library", .box = rect.box()});
  float y = rect.y;
  y += DrawHeader(frame, {rect.x, y, rect.width, 0});
  y += DrawActions(frame, {rect.x + kPad, y, rect.width - 2 * kPad, 0});
  canvas.HorizontalLine(rect.x, rect.right(), y, frame.theme().border);
  // Below the rows: tasks come and go by themselves, and must not move what a person is about to press.
  const float tasks = TasksHeight(frame.state);
  const float rows_end = rect.bottom() - kFooterHeight - tasks;
  DrawRows(frame, {rect.x, y + 1, rect.width, rows_end - y - 1});
  if (tasks > 0) canvas.HorizontalLine(rect.x, rect.right(), rows_end, frame.theme().border);
  DrawTasks(frame, {rect.x + kPad, rows_end, rect.width - 2 * kPad, tasks});
  DrawFooter(frame, {rect.x, rect.bottom() - kFooterHeight, rect.width, kFooterHeight});
  frame.mirror.Close();
}

float LibraryPanel::DrawHeader(Frame& frame, const Rect& rect) {
  Canvas& canvas = frame.canvas;
  const Theme& theme = frame.theme();
  const UiState& state = frame.state;
  canvas.Text(kHeading, rect.x + kPad, rect.y + kSpace4, theme.text, "Library");
  if (IconButton(frame, IdOf("library_close"), {rect.right() - 36 - kSpace3, rect.y + 12, 36, 36},
                 Icon::kClose, "Close library")) {
    frame.Do(ActionKind::kCloseLibrary);
  }
  const float manage = ButtonWidth(frame, "Manage", false);
  if (Button(frame, IdOf("library_manage"), {rect.right() - 36 - kSpace3 - kSpace2 - manage, rect.y + 13, manage, 34}, "Manage",
             {.look = ButtonLook::kQuiet, .name = "Manage library"})) {
    frame.Do(ActionKind::kManageLibrary);
  }
  std::string counts = "Nothing added yet";
  if (state.engine.has_value() && state.engine->documents > 0) {
    counts = FormatCountOf(state.engine->documents, "document", "documents") + "  \xC2\xB7  " +
             FormatCountOf(state.engine->passages, "passage", "passages");
  }
  canvas.Text(kSmall, rect.x + kPad, rect.y + kSpace4 + kHeading.line_height, theme.muted, counts,
              rect.width - 2 * kPad);
  MirrorText(frame, IdOf("library_counts"), {rect.x + kPad, rect.y + 44, rect.width - 2 * kPad, 18},
             counts);
  return 76;
}

float LibraryPanel::DrawActions(Frame& frame, const Rect& rect) {
  const float each = std::floor((rect.width - 2 * kSpace2) / 3);
  const auto place = [&](int i) {
    return Rect{rect.x + static_cast<float>(i) * (each + kSpace2), rect.y, each, kButtonHeight};
  };
  if (Button(frame, IdOf("library_add_folder"), place(0), "Add folder"))
    frame.Do(ActionKind::kPickFolder);
  if (Button(frame, IdOf("library_add_files"), place(1), "Add files"))
    frame.Do(ActionKind::kPickFiles);
  if (Button(frame, IdOf("library_paste"), place(2), "Paste text"))
    frame.Do(ActionKind::kPasteText);
  float height = kButtonHeight + kSpace4;
  const LibraryState& library = frame.state.library;
  const uint32_t failed = frame.state.engine.has_value()
                              ? std::max(frame.state.engine->files_failed, library.failed_total)
                              : library.failed_total;
  // There from the first file on: a row that came by itself with the first failure would move what a person is about to
  // press.
  if (library.total > 0 || failed > 0 || library.only_failed) {
    const uint32_t count = library.known ? library.failed_total : failed;
    const std::string label = count == 0 ? "Failed" : "Failed " + FormatCount(count);
    const std::array<std::string_view, 2> labels = {"All files", label};
    const int pressed =
        Segmented(frame, IdOf("library_filter"), {rect.x, rect.y + height, rect.width, 36}, "Show",
                  labels, library.only_failed ? 1 : 0);
    if (pressed >= 0) frame.Do(ActionKind::kFilterLibrary, pressed);
    height += 36 + kSpace3;
  }
  return height;
}

void LibraryPanel::DrawRows(Frame& frame, const Rect& rect) {
  if (rect.height < kRowHeight) return;
  const LibraryState& library = frame.state.library;
  Canvas& canvas = frame.canvas;
  const Theme& theme = frame.theme();
  const WidgetId id = IdOf("library_rows");
  ScrollArea area(frame, id, rect, static_cast<double>(library.total) * kRowHeight + kSpace3,
                  &scroll_);
  frame.mirror.Open(
      {.id = id, .role = Role::kList, .name = "Documents", .box = rect.box(), .clips = true});
  const auto first = static_cast<uint32_t>(scroll_.position() / kRowHeight);
  const uint32_t last =
      std::min(library.total, first + static_cast<uint32_t>(rect.height / kRowHeight) + 2);
  if (first != needed_first_ || last != needed_last_) {
    needed_first_ = first;
    needed_last_ = last;
    frame.Do(ActionKind::kNeedLibraryRows, static_cast<int32_t>(first), static_cast<int32_t>(last));
  }
  for (uint32_t i = first; i < last; ++i) {
    const auto y = static_cast<float>(
        std::round(rect.y + static_cast<double>(i) * kRowHeight - scroll_.position()));
    const Rect row = {rect.x, y, rect.width, kRowHeight};
    const protocol::LibraryEntry* entry = library.Row(i);
    if (entry != nullptr) {
      DrawRow(frame, i, *entry, row);
    } else {
      canvas.Fill({row.x + kPad + 30, row.y + 14, row.width * 0.5f, 10}, theme.hover, 5);
      canvas.Fill({row.x + kPad + 30, row.y + 32, row.width * 0.3f, 8}, theme.hover, 4);
    }
  }
  frame.mirror.Close();
  if (library.known && library.total == 0) {
    canvas.TextCentred(
        kControl, {rect.x, rect.y, rect.width, 88}, theme.faint,
        library.only_failed ? "No file failed." : "Drop files or a folder anywhere on this page.");
  }
}

void LibraryPanel::DrawRow(Frame& frame, uint32_t index, const protocol::LibraryEntry& entry,
                           const Rect& rect) {
  Canvas& canvas = frame.canvas;
  const Theme& theme = frame.theme();
  // Ids follow the path, so that the keyboard's focus stays with a document while rows move.
  const WidgetId open_id = IdOf(entry.path, 11);
  const WidgetId remove_id = IdOf(entry.path, 12);
  const Rect remove = {rect.right() - 32 - kSpace4, rect.y + 11, 32, 32};
  const Rect main = {rect.x, rect.y, remove.x - rect.x - kSpace1, rect.height};
  const bool can_open =
      entry.state == protocol::FileState::kReady || entry.state == protocol::FileState::kEmbedding;
  const bool over = ImGui::IsWindowHovered() && rect.Contains(ImGui::GetIO().MousePos);
  if (over) canvas.Fill(rect, theme.hover);
  const std::string name = entry.title.empty() ? entry.path : entry.title;
  const RowLook look = LookOf(entry, theme);
  const std::string warning = entry.warning.empty() ? "" : ". " + entry.warning;
  frame.mirror.Open({.id = IdOf(entry.path, 13),
                     .role = Role::kListItem,
                     .box = rect.box(),
                     .position = index + 1,
                     .set_size = frame.state.library.total});
  const Hit hit = Interact(frame, open_id, main, can_open);
  if (hit.clicked) frame.Do(ActionKind::kOpenDocument, 0, 0, entry.path);
  canvas.DrawIcon(look.icon, rect.x + kPad, rect.y + 9, 18, look.ink);
  const float x = rect.x + kPad + 30;
  const float width = main.right() - x - kSpace2;
  canvas.Text(kControl, x, rect.y + 8, theme.text, entry.path, width, true);
  const bool failed = entry.state == protocol::FileState::kFailed;
  const bool warned = !failed && !entry.warning.empty();
  canvas.Text(kSmall, x, rect.y + 28,
              failed   ? theme.danger
              : warned ? theme.warning
                       : theme.faint,
              warned ? look.note + "  \xC2\xB7  " + entry.warning : look.note, width);
  if (hit.focused) FocusRing(frame, main.Inset(4), kRadiusSmall);
  frame.mirror.Add({.id = open_id,
                    .role = can_open ? Role::kButton : Role::kParagraph,
                    .text = name == entry.path ? name : name + ", " + entry.path,
                    .box = main.box(),
                    .focusable = can_open});
  MirrorText(frame, IdOf(entry.path, 14), {x, rect.y + 28, width, 18},
             StateName(entry.state) + ": " + look.note + warning);
  const bool mine = frame.input.focused == remove_id;
  if (over || mine || frame.narrow) {
    if (IconButton(frame, remove_id, remove, Icon::kTrash, "Remove " + entry.path))
      frame.Do(ActionKind::kRemove, 0, 0, entry.path);
  } else {
    // Shown on hover only, but there for the keyboard and for assistive technology at any time.
    if (Interact(frame, remove_id, remove).clicked) frame.Do(ActionKind::kRemove, 0, 0, entry.path);
    frame.mirror.Add({.id = remove_id,
                      .role = Role::kButton,
                      .name = "Remove " + entry.path,
                      .box = remove.box(),
                      .focusable = true});
  }
  frame.mirror.Close();
}

void LibraryPanel::DrawFooter(Frame& frame, const Rect& rect) {
  Canvas& canvas = frame.canvas;
  const Theme& theme = frame.theme();
  const UiState& state = frame.state;
  canvas.HorizontalLine(rect.x, rect.right(), rect.y, theme.border);
  const float middle = rect.y + rect.height / 2;
  if (state.library.confirm_remove_all) {
    const std::string_view sure = "Remove all from the library?";
    canvas.Text(kControl, rect.x + kPad, middle - 10, theme.text, sure,
                rect.width - 2 * kPad - 190);
    float right = rect.right() - kPad;
    const float yes = ButtonWidth(frame, "Remove all", false);
    if (Button(frame, IdOf("remove_all_yes"), {right - yes, middle - 17, yes, 34}, "Remove all",
               {.look = ButtonLook::kDanger})) {
      frame.Do(ActionKind::kRemoveAll);
    }
    right -= yes + kSpace2;
    const float no = ButtonWidth(frame, "Keep", false);
    if (Button(frame, IdOf("remove_all_no"), {right - no, middle - 17, no, 34}, "Keep",
               {.look = ButtonLook::kSecondary})) {
      frame.Do(ActionKind::kAskRemoveAll, 0);
    }
    return;
  }
  if (Switch(frame, IdOf("gentle"), {rect.x + kPad, middle - 16, 210, 32},
             "Gentle: half the threads", state.gentle)) {
    frame.Do(ActionKind::kSetGentle, state.gentle ? 0 : 1);
  }
  const float width = ButtonWidth(frame, "Remove all", false);
  if (!state.library_empty() &&
      Button(frame, IdOf("remove_all"),
             {rect.right() - kPad - width + kSpace3, middle - 17, width, 34}, "Remove all",
             {.look = ButtonLook::kQuiet})) {
    frame.Do(ActionKind::kAskRemoveAll, 1);
  }
}

}  // namespace lodestone::ui
