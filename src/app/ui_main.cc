// The interface module's exports: started and fed by web/ui_host.mjs.
// Thread: every export is called on the page's thread.

#include <GLES3/gl3.h>
#include <emscripten.h>
#include <emscripten/em_js.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "imgui.h"
#include "imgui_impl_opengl3.h"
#include "imgui_internal.h"
#include "protocol/messages.h"
#include "ui/app_view.h"
#include "ui/controller.h"
#include "ui/fonts.h"
#include "ui/frame.h"
#include "ui/mirror.h"
#include "ui/theme.h"

EM_JS_DEPS(lodestone_ui, "$UTF8ToString");

// clang-format off: JavaScript
// Module.host is what ui_host.mjs gave; texts and bytes are copied out.
EM_JS(void, host_request, (uint32_t call, const char* type, const char* bytes, uint32_t size), {
  Module.host.request(call, UTF8ToString(type), HEAPU8.slice(bytes, bytes + size));
});
EM_JS(void, host_intent, (const char* name, const char* text, uint32_t size), {
  Module.host.intent(UTF8ToString(name), UTF8ToString(text, size));
});
EM_JS(void, host_set_field, (const char* text, uint32_t size), {
  Module.host.setField(UTF8ToString(text, size));
});
EM_JS(void, host_focus_field, (), { Module.host.focusField(); });
EM_JS(void, host_mirror, (const char* json, uint32_t size), {
  Module.host.mirror(UTF8ToString(json, size));
});
// Where the text field belongs (nowhere if the width is 0), and the shape of the pointer.
EM_JS(void, host_place, (float x, float y, float width, float height, int cursor), {
  Module.host.place(x, y, width, height, cursor);
});
EM_JS(void, host_wake, (double wait_ms), { Module.host.wake(wait_ms); });
// Draws with the system's fonts. `out` takes width, height, left, top, advance, coloured; the pixels
// are malloc'd, null if none.
EM_JS(uint8_t*, host_paint,
      (const char* text, uint32_t size, float em, int semi_bold, float* out), {
  const picture = Module.host.paint(UTF8ToString(text, size), em, semi_bold !== 0);
  const { width, height, left, top, advance } = picture;
  HEAPF32.set([width, height, left, top, advance, picture.coloured ? 1 : 0], out >> 2);
  if (picture.rgba === null) return 0;
  const pixels = _malloc(picture.rgba.length);
  if (pixels !== 0) HEAPU8.set(picture.rgba, pixels);
  return pixels;
});
EM_JS(float, host_advance, (const char* text, uint32_t size, float em, int semi_bold), {
  return Module.host.advance(UTF8ToString(text, size), em, semi_bold !== 0);
});
// clang-format on

namespace lodestone::ui {
namespace {

// A frame in the middle of a motion records nothing for the mirror, unless none has for this long.
constexpr double kMirrorSilenceMs = 250;
// After pointer and keys ImGui needs another frame to see what lies under the pointer now.
constexpr int kSettleFrames = 1;

class WebPainter : public GlyphPainter {
 public:
  float Advance(std::string_view cluster, float em_device_px, bool semi_bold) override {
    return host_advance(cluster.data(), static_cast<uint32_t>(cluster.size()), em_device_px,
                        semi_bold);
  }
  bool Paint(std::string_view cluster, float em_device_px, bool semi_bold,
             GlyphImage* out) override {
    float facts[6] = {};
    uint8_t* pixels = host_paint(cluster.data(), static_cast<uint32_t>(cluster.size()),
                                 em_device_px, semi_bold, facts);
    out->width = pixels == nullptr ? 0 : static_cast<int>(facts[0]);
    out->height = pixels == nullptr ? 0 : static_cast<int>(facts[1]);
    out->left = facts[2];
    out->top = facts[3];
    out->advance = facts[4];
    out->coloured = facts[5] != 0;
    out->rgba.assign(pixels, pixels + static_cast<size_t>(out->width) * out->height * 4);
    std::free(pixels);
    return true;
  }
};

// A clear costs next to nothing where the processor draws; a blended surface is what costs most there.
void ClearGround(const ImDrawList*, const ImDrawCmd* command) {
  const auto& [rect, color] = *static_cast<const Ground*>(command->UserCallbackData);
  const ImDrawData* data = ImGui::GetDrawData();
  const float density = data->FramebufferScale.x;
  const auto device = [density](float at) { return static_cast<int>(std::lround(at * density)); };
  const int left = device(std::max(rect.x, command->ClipRect.x));
  const int top = device(std::max(rect.y, command->ClipRect.y));
  const int right = device(std::min(rect.right(), command->ClipRect.z));
  const int bottom = device(std::min(rect.bottom(), command->ClipRect.w));
  if (right <= left || bottom <= top) return;
  // OpenGL counts from below. The next command sets its own scissors.
  glScissor(left, device(data->DisplaySize.y) - bottom, right - left, bottom - top);
  const ImVec4 part = ImGui::ColorConvertU32ToFloat4(color);
  glClearColor(part.x, part.y, part.z, part.w);
  glClear(GL_COLOR_BUFFER_BIT);
}

class WebHost : public UiHost {
 public:
  void Request(uint32_t call, protocol::MessageType type, std::string bytes) override {
    const std::string name(protocol::MessageTypeName(type));
    host_request(call, name.c_str(), bytes.data(), static_cast<uint32_t>(bytes.size()));
  }
  void Intent(std::string_view name, std::string_view text) override {
    host_intent(std::string(name).c_str(), text.data(), static_cast<uint32_t>(text.size()));
  }
  void SetFieldText(std::string_view text) override {
    host_set_field(text.data(), static_cast<uint32_t>(text.size()));
  }
  void FocusField() override { host_focus_field(); }
};

// The page's interface, for the life of the page.
class App {
 public:
  explicit App(bool has_gl) : context_(ImGui::CreateContext()), fonts_(&painter_, &clusters_) {
    ImGuiIO& io = ImGui::GetIO();
    io.IniFilename = nullptr;
    io.LogFilename = nullptr;
    io.ConfigFlags |= ImGuiConfigFlags_NoMouseCursorChange;
    ImGui::GetStyle().FontSizeBase = 16;
    ImGui::GetStyle().AntiAliasedLinesUseTex = false;
    if (has_gl) {
      AttachGl();
    } else {
      io.BackendFlags |= ImGuiBackendFlags_RendererHasTextures;
    }
  }

  // Returns whether another frame is due.
  bool Draw(double now_ms);

  void Resize(float width, float height, float density) {
    ImGuiIO& io = ImGui::GetIO();
    io.DisplaySize = {width, height};
    io.DisplayFramebufferScale = {density, density};
    controller.SetWide(width >= kNarrowWidth);
  }
  // Tells the mirror what the frames since the last call have changed. False when that is nothing.
  bool TellMirror() {
    if (!std::exchange(mirror_is_due_, false)) return false;
    const std::string changes = mirror_.TakeChanges();
    if (changes.empty()) return false;
    host_mirror(changes.data(), static_cast<uint32_t>(changes.size()));
    return true;
  }
  void SettleAgain() { settle_ = kSettleFrames; }
  bool OnKey(Key key, bool in_field) {
    std::vector<Action> actions;
    const bool taken = view_.OnKey(key, in_field, controller.state(), &actions);
    for (const Action& action : actions) controller.Do(action);
    return taken;
  }
  // Every handle is void then. ImGui drops its objects now, while deleting them is still quietly
  // ignored; frames go on without a screen, for the mirror.
  void LoseGl() {
    if (!gl_) return;
    gl_ = false;
    ImGui_ImplOpenGL3_Shutdown();
    ImGui::GetIO().BackendFlags |= ImGuiBackendFlags_RendererHasTextures;
  }
  void AttachGl() {
    // What was only said to be there is asked for again.
    for (ImTextureData* texture : ImGui::GetPlatformIO().Textures) {
      texture->SetTexID(ImTextureID_Invalid);
      texture->SetStatus(ImTextureStatus_Destroyed);
    }
    gl_ = ImGui_ImplOpenGL3_Init("#version 300 es");
  }

  UiController controller{&host_, &SystemClock()};
  Input input;
  bool dark = false;
  bool reduced_motion = false;
  bool field_focused = false;
  Fonts& fonts() { return fonts_; }

 private:
  void PutOnScreen();

  WebHost host_;
  WebPainter painter_;
  ClusterTable clusters_;
  ImGuiContext* context_;
  Fonts fonts_;
  Mirror mirror_;
  AppView view_;
  std::vector<Action> actions_;
  double last_ms_ = 0;
  double last_mirror_ms_ = 0;
  bool mirror_is_due_ = false;
  bool moving_ = false;
  bool gl_ = false;
  int settle_ = 0;
};

bool App::Draw(double now_ms) {
  ImGuiIO& io = ImGui::GetIO();
  if (io.DisplaySize.x < 1 || io.DisplaySize.y < 1) return false;
  const double elapsed_ms = std::clamp(now_ms - last_ms_, 1.0, 100.0);
  last_ms_ = now_ms;
  io.DeltaTime = static_cast<float>(elapsed_ms / 1000);
  controller.Wake();
  if (gl_) ImGui_ImplOpenGL3_NewFrame();
  fonts_.BeginFrame(io.DisplayFramebufferScale.x);
  const bool recording = !moving_ || now_ms - last_mirror_ms_ > kMirrorSilenceMs;
  mirror_.BeginFrame(recording);
  const Theme& theme = dark ? DarkTheme() : LightTheme();
  ImGui::NewFrame();
  Frame frame{.canvas = Canvas(nullptr, &fonts_, &theme, gl_ ? &ClearGround : nullptr),
              .state = controller.state(),
              .mirror = mirror_,
              .input = input,
              .actions = actions_,
              .width = io.DisplaySize.x,
              .height = io.DisplaySize.y,
              .elapsed_ms = elapsed_ms,
              .reduced_motion = reduced_motion,
              .narrow = io.DisplaySize.x < kNarrowWidth,
              .field_focused = field_focused};
  view_.Draw(frame);
  ImGui::Render();
  PutOnScreen();
  input.wheel = input.fling = 0;
  input.activated = input.reveal = 0;
  moving_ = frame.moving;

  host_place(frame.field.x, frame.field.y, frame.field.width, frame.field.height,
             static_cast<int>(frame.cursor));
  if (recording) {
    last_mirror_ms_ = now_ms;
    mirror_is_due_ = true;
  }
  const bool acted = !actions_.empty();
  for (const Action& action : std::exchange(actions_, {})) controller.Do(action);
  host_wake(controller.WakeMs());
  const bool more =
      frame.moving || acted || !recording || settle_ > 0 || context_->InputEventsQueue.Size > 0;
  settle_ = std::max(0, settle_ - 1);
  return more;
}

void App::PutOnScreen() {
  ImDrawData* data = ImGui::GetDrawData();
  if (gl_) {
    glViewport(0, 0, static_cast<int>(data->DisplaySize.x * data->FramebufferScale.x),
               static_cast<int>(data->DisplaySize.y * data->FramebufferScale.y));
    ImGui_ImplOpenGL3_RenderDrawData(data);
    return;
  }
  // Without WebGL the layout still runs, for the mirror; its textures go nowhere.
  if (data->Textures == nullptr) return;
  for (ImTextureData* texture : *data->Textures) {
    if (texture->Status == ImTextureStatus_WantCreate ||
        texture->Status == ImTextureStatus_WantUpdates) {
      texture->SetTexID(1);
      texture->SetStatus(ImTextureStatus_OK);
    } else if (texture->Status == ImTextureStatus_WantDestroy) {
      texture->SetTexID(ImTextureID_Invalid);
      texture->SetStatus(ImTextureStatus_Destroyed);
    }
  }
}

App* app = nullptr;

std::string_view View(const char* text, uint32_t size) { return {text, size}; }

}  // namespace
}  // namespace lodestone::ui

using lodestone::ui::app;
using lodestone::ui::View;

extern "C" {

EMSCRIPTEN_KEEPALIVE void ui_start(int has_gl) { app = new lodestone::ui::App(has_gl != 0); }

// Does what its time has come for; 1 if that is to be drawn.
EMSCRIPTEN_KEEPALIVE int ui_wake() {
  const bool draws = app->controller.Wake();
  // Where clocks are coarse the timer may have come before its time.
  host_wake(app->controller.WakeMs());
  return draws ? 1 : 0;
}

// Draws a frame; 1 if another is due.
EMSCRIPTEN_KEEPALIVE int ui_frame(double now_ms) { return app->Draw(now_ms) ? 1 : 0; }

EMSCRIPTEN_KEEPALIVE void ui_resize(float width, float height, float density) {
  app->Resize(width, height, density);
}

EMSCRIPTEN_KEEPALIVE int ui_set_font(int semi_bold, const uint8_t* bytes, uint32_t size) {
  using lodestone::ui::Weight;
  return app->fonts().SetFont(semi_bold != 0 ? Weight::kSemiBold : Weight::kRegular, {bytes, size})
             ? 1
             : 0;
}

EMSCRIPTEN_KEEPALIVE void ui_set_look(int dark, int reduced_motion) {
  app->dark = dark != 0;
  app->reduced_motion = reduced_motion != 0;
}

EMSCRIPTEN_KEEPALIVE void ui_lose_gl() { app->LoseGl(); }
EMSCRIPTEN_KEEPALIVE void ui_attach_gl() { app->AttachGl(); }

EMSCRIPTEN_KEEPALIVE void ui_pointer_move(float x, float y) {
  ImGui::GetIO().AddMousePosEvent(x, y);
  app->SettleAgain();
}

EMSCRIPTEN_KEEPALIVE void ui_pointer_leave() {
  ImGui::GetIO().AddMousePosEvent(-FLT_MAX, -FLT_MAX);
  app->SettleAgain();
}

EMSCRIPTEN_KEEPALIVE void ui_pointer_button(int down) {
  ImGui::GetIO().AddMouseButtonEvent(0, down != 0);
  app->SettleAgain();
}

EMSCRIPTEN_KEEPALIVE void ui_wheel(float delta_px, int precise) {
  app->input.wheel += delta_px;
  app->input.wheel_precise = precise != 0;
}

EMSCRIPTEN_KEEPALIVE void ui_fling(float speed) { app->input.fling = speed; }

EMSCRIPTEN_KEEPALIVE int ui_key(int key, int in_field) {
  return app->OnKey(static_cast<lodestone::ui::Key>(key), in_field != 0) ? 1 : 0;
}

EMSCRIPTEN_KEEPALIVE void ui_activate(uint32_t id) {
  app->input.activated = id;
  app->SettleAgain();
}

EMSCRIPTEN_KEEPALIVE void ui_focus(uint32_t id) { app->input.focused = id; }

EMSCRIPTEN_KEEPALIVE void ui_reveal(uint32_t id, float by) {
  app->input.reveal = id;
  app->input.reveal_by = by;
  app->SettleAgain();
}

EMSCRIPTEN_KEEPALIVE void ui_field_focused(int focused) { app->field_focused = focused != 0; }

EMSCRIPTEN_KEEPALIVE void ui_set_query(const char* text, uint32_t size) {
  app->controller.SetQuery(std::string(View(text, size)));
}

// `phase` is a BootPhase by number.
EMSCRIPTEN_KEEPALIVE void ui_set_boot(int phase, const char* message, uint32_t size) {
  app->controller.SetBoot(static_cast<lodestone::ui::BootPhase>(phase),
                          std::string(View(message, size)));
}

// A negative `files` ends it.
EMSCRIPTEN_KEEPALIVE void ui_set_walking(int files, const char* folder, uint32_t size) {
  if (files < 0) return app->controller.SetWalking({});
  app->controller.SetWalking(
      lodestone::ui::Walking{std::string(View(folder, size)), static_cast<uint32_t>(files)});
}

EMSCRIPTEN_KEEPALIVE void ui_notice(int level, const char* text, uint32_t size) {
  app->controller.AddNotice(static_cast<lodestone::protocol::NoticeLevel>(level),
                            std::string(View(text, size)));
}

EMSCRIPTEN_KEEPALIVE void ui_event(const char* type, uint32_t type_size, const char* bytes,
                                   uint32_t size) {
  const auto known = lodestone::protocol::MessageTypeFromName(View(type, type_size));
  if (known.has_value()) app->controller.OnEvent(*known, View(bytes, size));
}

EMSCRIPTEN_KEEPALIVE void ui_reply(uint32_t call, const char* type, uint32_t type_size,
                                   const char* bytes, uint32_t size) {
  const auto known = lodestone::protocol::MessageTypeFromName(View(type, type_size));
  if (known.has_value()) app->controller.OnReply(call, *known, View(bytes, size));
}

EMSCRIPTEN_KEEPALIVE void ui_failure(uint32_t call, const char* code, uint32_t code_size,
                                     const char* message, uint32_t size) {
  app->controller.OnFailure(call, View(code, code_size), View(message, size));
}

// 1 if the mirror had anything to be told.
EMSCRIPTEN_KEEPALIVE int ui_tell_mirror() { return app->TellMirror() ? 1 : 0; }

EMSCRIPTEN_KEEPALIVE int ui_waiting() { return app->controller.waiting() ? 1 : 0; }

}  // extern "C"
