#include <algorithm>
#include <cmath>

#include "ui/chrome.h"
#include "ui/widgets.h"

namespace lodestone::ui {
namespace {

struct NoticeLook {
  Icon icon;
  Color ink;
  Color ground;
};

NoticeLook LookOf(protocol::NoticeLevel level, const Theme& theme) {
  switch (level) {
    case protocol::NoticeLevel::kWarning:
      return {Icon::kWarning, theme.warning, theme.warning_soft};
    case protocol::NoticeLevel::kError:
      return {Icon::kWarning, theme.danger, theme.danger_soft};
    case protocol::NoticeLevel::kInfo:
      break;
  }
  return {Icon::kInfo, theme.accent, theme.raised};
}

struct Banner {
  std::string text;
  std::string_view button;
  ActionKind action = ActionKind::kReload;
};

// Empty text where no banner is due.
Banner BannerOf(const UiState& state) {
  const std::string& message = state.boot.message;
  switch (state.boot.phase) {
    case BootPhase::kDied:
      return {message.empty()
                  ? "The search engine stopped. Everything that was saved is still there."
                  : message,
              "Restart", ActionKind::kRestart};
    case BootPhase::kMismatch:
      return {message.empty() ? "A new version of this page is there. Reload to use it." : message,
              "Reload", ActionKind::kReload};
    case BootPhase::kFailed:
      return {message.empty() ? "The search engine could not start." : message, "Reload",
              ActionKind::kReload};
    default:
      return {};
  }
}

constexpr float kBannerPad = 12;

}  // namespace

float BannerHeight(Frame& frame, float width) {
  const Banner banner = BannerOf(frame.state);
  if (banner.text.empty()) return 0;
  const float text = width - 2 * kSpace5 - 30 - ButtonWidth(frame, banner.button, false) - kSpace4;
  return std::max(36.0f, frame.canvas.ParagraphHeight(kControl, text, banner.text)) +
         2 * kBannerPad;
}

void DrawBanner(Frame& frame, const Rect& rect) {
  const Banner banner = BannerOf(frame.state);
  Canvas& canvas = frame.canvas;
  const Theme& theme = frame.theme();
  const bool mild = frame.state.boot.phase == BootPhase::kMismatch;
  const Color ink = mild ? theme.warning : theme.danger;
  canvas.Fill(rect, mild ? theme.warning_soft : theme.danger_soft);
  canvas.HorizontalLine(rect.x, rect.right(), rect.bottom() - 1, theme.border);
  const float x = rect.x + kSpace5;
  const float button = ButtonWidth(frame, banner.button, false);
  const float width = rect.width - 2 * kSpace5 - 30 - button - kSpace4;
  const float height = canvas.ParagraphHeight(kControl, width, banner.text);
  const float y = rect.y + std::floor((rect.height - height) / 2);
  canvas.DrawIcon(Icon::kWarning, x, y, 20, ink);
  canvas.Paragraph(kControl, x + 30, y, width, theme.text, banner.text);
  frame.mirror.Add({.id = IdOf("banner"),
                    .role = Role::kAlert,
                    .text = banner.text,
                    .box = {x + 30, y, width, height}});
  if (Button(frame, IdOf(banner.button, 5),
             {rect.right() - kSpace5 - button, rect.y + (rect.height - 36) / 2, button, 36},
             banner.button, {.look = ButtonLook::kPrimary})) {
    frame.Do(banner.action);
  }
}

void DrawNotices(Frame& frame, float right) {
  const auto& notices = frame.state.notices;
  if (notices.empty()) return;
  const Theme& theme = frame.theme();
  const float margin = frame.narrow ? kSpace3 : kSpace5;
  const float width = std::min(400.0f, right - margin - kSpace3);
  float bottom = frame.height - kStatusHeight - kSpace4;
  const float x = right - width - margin;
  for (size_t i = notices.size(); i-- > 0;) {
    const NoticeItem& notice = notices[i];
    const float text_width = width - 44 - 48;
    const float text_height =
        std::min(frame.canvas.ParagraphHeight(kControl, text_width, notice.text), 200.0f);
    const Rect rect = {x, bottom - text_height - 28, width, text_height + 28};
    const std::string name = "notice" + std::to_string(i);
    const Layer layer(frame, name.c_str(),
                      {rect.x - 20, rect.y - 20, rect.width + 40, rect.height + 40});
    const NoticeLook look = LookOf(notice.level, theme);
    Canvas& canvas = frame.canvas;
    canvas.Shadow(rect, kRadius, 12);
    canvas.Fill(rect, look.ground, kRadius);
    canvas.Outline(
        rect, notice.level == protocol::NoticeLevel::kInfo ? theme.border : Faded(look.ink, 0.45f),
        kRadius);
    canvas.DrawIcon(look.icon, rect.x + 14, rect.y + 14, 20, look.ink);
    ImGui::PushClipRect(rect.min(), rect.max(), true);
    canvas.Paragraph(kControl, rect.x + 44, rect.y + 14, text_width, theme.text, notice.text);
    ImGui::PopClipRect();
    frame.mirror.Add(
        {.id = IdOf("notice", notice.id),
         .role = notice.level == protocol::NoticeLevel::kInfo ? Role::kStatus : Role::kAlert,
         .text = notice.text,
         .box = {rect.x + 44, rect.y + 14, text_width, text_height}});
    if (IconButton(frame, IdOf("notice_close", notice.id), {rect.right() - 40, rect.y + 8, 32, 32},
                   Icon::kClose, "Dismiss")) {
      frame.Do(ActionKind::kDismissNotice, static_cast<int32_t>(notice.id));
    }
    bottom = rect.y - kSpace2;
    if (bottom < 120) break;
  }
}

}  // namespace lodestone::ui
