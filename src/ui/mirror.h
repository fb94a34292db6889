#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace lodestone::ui {

// Names a widget from one frame to the next.
using WidgetId = uint32_t;

constexpr WidgetId IdOf(std::string_view name, uint32_t salt = 0) {
  uint32_t hash = 2166136261u ^ (salt * 2654435761u);
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619u;
  return hash == 0 ? 1 : hash;
}

enum class Role : uint8_t {
  kGroup,
  kRegion,
  kList,
  kListItem,
  kButton,
  kRadioGroup,
  kRadio,
  kSwitch,
  kParagraph,
  kHeading,
  kStatus,
  kAlert,
  kProgress,
  kSearchBox,
};

struct Box {
  float x = 0;
  float y = 0;
  float width = 0;
  float height = 0;
};

// One element of the tree that screen readers and scripts see.
struct MirrorNode {
  WidgetId id = 0;
  Role role = Role::kGroup;
  std::string name = {};
  std::string text = {};
  Box box = {};
  bool disabled = false;
  bool focusable = false;
  int8_t checked = -1;  // -1: not a thing that can be checked
  int8_t expanded = -1;
  bool current = false;   // the selected item of its list
  bool clips = false;     // its children are cut off at its box and can be scrolled into view
  float value = -1;       // kProgress: 0 to 1, -1 unknown
  uint32_t position = 0;  // in its set, from 1; 0: not told
  uint32_t set_size = 0;
};

// Collects, in reading order, what a frame shows, and says what changed since it was last told.
// Thread: one only.
class Mirror {
 public:
  // With `recording` false (a frame in the middle of a motion) what is added is not kept, and what the last frame added is.
  void BeginFrame(bool recording);
  bool recording() const { return recording_ && !muted_; }
  // While muted, what is drawn is not told of: something lies over it.
  void Mute(bool muted) { muted_ = muted; }
  void Add(MirrorNode node);
  // What is added until Close() belongs to `node`.
  void Open(MirrorNode node);
  void Close();

  // The tree as JSON `[{...}]`, texts only where they changed since the last call; an empty string
  // if nothing at all changed. Keys: i id, p parent, r role, n name, t text, b box [x, y, w, h],
  // and where they apply d disabled, f focusable, c checked, e expanded, u current, o clips, v
  // value, s [position, set size].
  std::string TakeChanges();

 private:
  struct Entry {
    MirrorNode node;
    WidgetId parent = 0;
  };
  bool recording_ = true;
  bool muted_ = false;
  std::vector<Entry> entries_;
  std::vector<WidgetId> open_;
  std::unordered_map<WidgetId, size_t> told_texts_;
  std::string told_;
};

void AppendJsonString(std::string_view text, std::string* out);

}  // namespace lodestone::ui
