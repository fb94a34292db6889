#include "ui/mirror.h"

#include <cmath>
#include <functional>

namespace lodestone::ui {
namespace {

const char* NameOf(Role role) {
  switch (role) {
    case Role::kGroup:
      return "group";
    case Role::kRegion:
      return "region";
    case Role::kList:
      return "list";
    case Role::kListItem:
      return "listitem";
    case Role::kButton:
      return "button";
    case Role::kRadioGroup:
      return "radiogroup";
    case Role::kRadio:
      return "radio";
    case Role::kSwitch:
      return "switch";
    case Role::kParagraph:
      return "paragraph";
    case Role::kHeading:
      return "heading";
    case Role::kStatus:
      return "status";
    case Role::kAlert:
      return "alert";
    case Role::kProgress:
      return "progressbar";
    case Role::kSearchBox:
      return "searchbox";
  }
  return "group";
}

void AppendInt(const char* key, int64_t value, std::string* out) {
  *out += key;
  *out += std::to_string(value);
}

}  // namespace

void AppendJsonString(std::string_view text, std::string* out) {
  static constexpr char kHex[] = "0123456789abcdef";
  out->push_back('"');
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out->push_back('\\');
      out->push_back(c);
    } else if (byte < 0x20) {
      *out += "\\u00";
      out->push_back(kHex[byte >> 4]);
      out->push_back(kHex[byte & 15]);
    } else {
      out->push_back(c);
    }
  }
  out->push_back('"');
}

void Mirror::BeginFrame(bool recording) {
  recording_ = recording;
  muted_ = false;
  open_.clear();
  if (recording) entries_.clear();
}

void Mirror::Add(MirrorNode node) {
  if (!recording()) return;
  entries_.push_back({std::move(node), open_.empty() ? 0 : open_.back()});
}

void Mirror::Open(MirrorNode node) {
  const WidgetId id = node.id;
  Add(std::move(node));
  if (recording()) open_.push_back(id);
}

void Mirror::Close() {
  if (recording()) open_.pop_back();
}

std::string Mirror::TakeChanges() {
  std::string shape = "[";
  std::unordered_map<WidgetId, size_t> texts;
  bool any_text = false;
  std::string out = "[";
  for (const auto& [node, parent] : entries_) {
    if (shape.size() > 1) shape.push_back(','), out.push_back(',');
    const size_t begin = shape.size();
    AppendInt("{\"i\":", node.id, &shape);
    if (parent != 0) AppendInt(",\"p\":", parent, &shape);
    shape += ",\"r\":\"";
    shape += NameOf(node.role);
    shape += "\",\"b\":[";
    const Box& box = node.box;
    shape += std::to_string(std::lround(box.x)) + "," + std::to_string(std::lround(box.y)) + "," +
             std::to_string(std::lround(box.width)) + "," +
             std::to_string(std::lround(box.height)) + "]";
    if (!node.name.empty()) {
      shape += ",\"n\":";
      AppendJsonString(node.name, &shape);
    }
    if (node.disabled) shape += ",\"d\":1";
    if (node.focusable) shape += ",\"f\":1";
    if (node.checked >= 0) AppendInt(",\"c\":", node.checked, &shape);
    if (node.expanded >= 0) AppendInt(",\"e\":", node.expanded, &shape);
    if (node.current) shape += ",\"u\":1";
    if (node.clips) shape += ",\"o\":1";
    if (node.value >= 0) AppendInt(",\"v\":", std::lround(node.value * 100), &shape);
    if (node.position > 0) {
      shape +=
          ",\"s\":[" + std::to_string(node.position) + "," + std::to_string(node.set_size) + "]";
    }
    out.append(shape, begin);
    // Texts are long and seldom change, while boxes move with every scroll.
    const size_t hash = std::hash<std::string>{}(node.text);
    const auto told = told_texts_.find(node.id);
    const bool was_empty = told == told_texts_.end();
    if (was_empty ? !node.text.empty() : told->second != hash) {
      any_text = true;
      out += ",\"t\":";
      AppendJsonString(node.text, &out);
    }
    if (!node.text.empty() || !was_empty) texts[node.id] = hash;
    shape.push_back('}');
    out.push_back('}');
  }
  shape.push_back(']');
  out.push_back(']');
  if (!any_text && shape == told_) return {};
  told_ = std::move(shape);
  told_texts_ = std::move(texts);
  return out;
}

}  // namespace lodestone::ui
