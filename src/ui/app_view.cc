#include "ui/app_view.h"

#include <algorithm>
#include <cmath>

#include "ui/chrome.h"
#include "ui/home.h"
#include "ui/widgets.h"

namespace lodestone::ui {
namespace {

constexpr float kResultsShare = 0.46f;
constexpr float kMinResults = 340;
constexpr float kMaxResults = 800;
constexpr float kDrawerWidth = 440;

}  // namespace

void AppView::Draw(Frame& frame) {
  const UiState& state = frame.state;
  const Rect all = {0, 0, frame.width, frame.height};
  const bool preview_covers = frame.narrow && state.preview.open;
  const bool library_covers = frame.narrow && state.library.open;
  {
    const Layer layer(frame, "main", all);
    // What is covered is not there for screen readers either.
    frame.mirror.Mute(preview_covers || library_covers);
    frame.canvas.Fill(all, frame.theme().background);
    const float bar = TopBarHeight(frame);
    DrawTopBar(frame, {0, 0, frame.width, bar});
    const float banner = BannerHeight(frame, frame.width);
    if (banner > 0) DrawBanner(frame, {0, bar, frame.width, banner});
    const float top = bar + banner;
    const Rect main = {0, top, frame.width, std::max(0.0f, frame.height - top - kStatusHeight)};
    DrawMain(frame, main);
    DrawStatusLine(frame, {0, frame.height - kStatusHeight, frame.width, kStatusHeight});
  }
  if (preview_covers) {
    frame.mirror.Mute(library_covers);
    const Layer layer(frame, "preview", all);
    frame.canvas.Fill(all, frame.theme().surface);
    frame.field = {};
    preview_.Draw(frame, all);
  }
  frame.mirror.Mute(false);
  if (state.library.open) {
    const float bar = TopBarHeight(frame);
    const Rect drawer = frame.narrow ? all
                                     : Rect{frame.width - kDrawerWidth, bar, kDrawerWidth,
                                            frame.height - bar - kStatusHeight};
    // The shadow falls outside the drawer.
    const Layer layer(frame, "library",
                      {drawer.x - (frame.narrow ? 0 : 24), drawer.y,
                       drawer.width + (frame.narrow ? 0 : 24), drawer.height});
    if (frame.narrow) frame.field = {};
    library_.Draw(frame, drawer);
  }
  // Beside the drawer: its buttons are at the bottom too.
  DrawNotices(frame, frame.width - (state.library.open && !frame.narrow ? kDrawerWidth : 0));
}

void AppView::DrawMain(Frame& frame, const Rect& rect) {
  const UiState& state = frame.state;
  const bool previewing = state.preview.status != PreviewStatus::kNone;
  const bool searching = state.search.reply != nullptr || !state.search.error.empty();
  if (!searching && !(previewing && !frame.narrow)) {
    if (IsBlank(state.search.text)) {
      const float covered = state.library.open && !frame.narrow ? kDrawerWidth : 0;
      DrawHome(frame, {rect.x, rect.y, rect.width - covered, rect.height});
    } else if (state.boot.phase == BootPhase::kStarting) {
      const std::string_view wait = "Searching as soon as the engine has started\xE2\x80\xA6";
      frame.canvas.TextCentred(kControl, {rect.x, rect.y, rect.width, 96}, frame.theme().faint,
                               wait);
      MirrorText(frame, IdOf("wait"), {rect.x, rect.y, rect.width, 96}, std::string(wait));
    }
    return;
  }
  Rect results = rect;
  if (!frame.narrow)
    results.width = std::floor(std::clamp(rect.width * kResultsShare, kMinResults, kMaxResults));
  if (!state.search.error.empty()) {
    DrawSearchError(frame, results);
  } else if (searching) {
    const float margin = frame.narrow ? kSpace1 : kSpace3;
    results_.Draw(frame,
                  {results.x + margin, results.y, results.width - 2 * margin, results.height});
  } else {
    DrawHome(frame, results);
  }
  if (frame.narrow) return;
  const Rect pane = {results.right() + 1, rect.y, rect.width - results.width - 1, rect.height};
  frame.canvas.VerticalLine(results.right(), rect.y, rect.bottom(), frame.theme().border);
  if (previewing) {
    frame.canvas.Fill(pane, frame.theme().surface);
    preview_.Draw(frame, pane);
  } else {
    frame.canvas.TextCentred(kControl, pane, frame.theme().faint,
                             "Choose a result to read it here");
  }
}

void AppView::DrawSearchError(Frame& frame, const Rect& rect) {
  const std::string& error = frame.state.search.error;
  const float x = rect.x + kSpace5;
  const float width = rect.width - 2 * kSpace5;
  frame.canvas.DrawIcon(Icon::kWarning, x, rect.y + kSpace5, 20, frame.theme().danger);
  const float height = frame.canvas.Paragraph(kBody, x + 30, rect.y + kSpace5 - 2, width - 30,
                                              frame.theme().text, error);
  frame.mirror.Add({.id = IdOf("search_error"),
                    .role = Role::kAlert,
                    .text = error,
                    .box = {x, rect.y + kSpace5, width, height}});
}

bool AppView::OnKey(Key key, bool in_field, const UiState& state, std::vector<Action>* actions) {
  const auto act = [&](ActionKind kind, int32_t number = 0, std::string text = {}) {
    actions->push_back({kind, number, 0, std::move(text)});
    return true;
  };
  const bool has_results = state.search.reply != nullptr && !state.search.reply->results.empty();
  const bool reading = state.preview.status == PreviewStatus::kShown;
  switch (key) {
    case Key::kFocus:
      return act(ActionKind::kFocusSearch);
    case Key::kSlash:
      return !in_field && act(ActionKind::kFocusSearch);
    case Key::kLibrary:
      return act(ActionKind::kToggleLibrary);
    case Key::kUp:
    case Key::kDown:
      return has_results && act(ActionKind::kMoveSelection, key == Key::kDown ? 1 : -1);
    case Key::kEnter: {
      if (!has_results || state.search.selected < 0) return false;
      actions->push_back(
          {ActionKind::kOpenResult, state.search.selected, state.search.passage, {}});
      return true;
    }
    case Key::kEscape:
      if (state.library.open) return act(ActionKind::kCloseLibrary);
      if (state.preview.open) return act(ActionKind::kClosePreview);
      if (!state.search.text.empty()) return act(ActionKind::kClearQuery);
      return false;
    case Key::kPageUp:
    case Key::kPageDown: {
      const int pages = key == Key::kPageDown ? 1 : -1;
      if (state.library.open) {
        library_.PageBy(pages);
      } else if (reading) {
        preview_.PageBy(pages);
      } else if (has_results) {
        results_.PageBy(pages);
      } else {
        return false;
      }
      return true;
    }
    case Key::kHome:
    case Key::kEnd:
      if (in_field || !reading) return false;
      preview_.ToEnd(key == Key::kEnd);
      return true;
    case Key::kCopy: {
      const std::string text = preview_.SelectedText();
      if (text.empty()) return false;
      return act(ActionKind::kCopyText, 0, text);
    }
  }
  return false;
}

}  // namespace lodestone::ui
