#include "text/json_text.h"

#include <algorithm>
#include <vector>

#include "text/decode.h"
#include "text/html_text.h"
#include "text/json.h"
#include "text/utf8.h"

namespace lodestone {
namespace {

// Longer values are paragraphs of their own.
constexpr size_t kLongValueBytes = 240;
constexpr size_t kMaxInlineListBytes = 400;

bool IsScalar(yyjson_val* value) { return !yyjson_is_obj(value) && !yyjson_is_arr(value); }

// {"text": "..."} says no more than its string.
yyjson_val* Unwrap(yyjson_val* value) {
  if (!yyjson_is_obj(value) || yyjson_obj_size(value) != 1) return value;
  yyjson_val* text = yyjson_obj_get(value, "text");
  return text != nullptr && IsScalar(text) ? text : value;
}

bool IsScalarList(yyjson_val* value) {
  if (!yyjson_is_arr(value)) return false;
  yyjson_arr_iter items = yyjson_arr_iter_with(value);
  while (yyjson_val* item = yyjson_arr_iter_next(&items)) {
    if (!IsScalar(Unwrap(item))) return false;
  }
  return true;
}

// The name that an item of a list goes by.
std::string_view NameOf(yyjson_val* object) {
  for (const char* key : {"title", "name", "heading", "label"}) {
    const std::string_view name = JsonString(yyjson_obj_get(object, key));
    if (!TrimAsciiSpace(name).empty()) return name;
  }
  return {};
}

class Writer {
 public:
  explicit Writer(TextBuilder* out) : out_(out) {}

  void Run(yyjson_val* root, const char* const* skip, size_t skip_count) {
    stack_.push_back({root, 0});
    bool outermost = true;
    while (!stack_.empty()) {
      const Task task = stack_.back();
      stack_.pop_back();
      if (task.heading_level > 0) WriteHeading(task);
      if (yyjson_is_obj(task.value)) {
        WriteObject(task, outermost ? skip : nullptr, outermost ? skip_count : 0);
      } else if (yyjson_is_arr(task.value)) {
        WriteArray(task);
      } else {
        WriteLine({}, ScalarText(task.value));
      }
      outermost = false;
    }
  }

 private:
  // A value still to be written, under a heading of its own when `heading_level` is not zero.
  struct Task {
    yyjson_val* value = nullptr;
    int depth = 0;
    int heading_level = 0;
    std::string_view heading = {};
  };

  void WriteHeading(const Task& task) {
    if (OneLine(task.heading).empty()) {
      out_->BreakParagraph();
      return;
    }
    out_->BeginHeading(task.heading_level);
    out_->AddFlowing(OneLine(DataText(task.heading)));
    out_->EndHeading();
  }

  void WriteObject(const Task& task, const char* const* skip, size_t skip_count) {
    out_->BreakParagraph();
    std::vector<Task> nested;
    yyjson_obj_iter members = yyjson_obj_iter_with(task.value);
    while (yyjson_val* key = yyjson_obj_iter_next(&members)) {
      const std::string_view name = JsonString(key);
      if (std::find(skip, skip + skip_count, name) != skip + skip_count) continue;
      yyjson_val* value = Unwrap(yyjson_obj_iter_get_val(key));
      if (IsScalar(value)) {
        // The heading has said it.
        if (task.heading_level > 0 && JsonString(value) == task.heading && !task.heading.empty()) continue;
        WriteLine(name, ScalarText(value));
      } else if (IsScalarList(value)) {
        WriteList(name, value);
      } else {
        nested.push_back({value, task.depth + 1, task.depth + 1, name});
      }
    }
    stack_.insert(stack_.end(), nested.rbegin(), nested.rend());
  }

  void WriteArray(const Task& task) {
    if (IsScalarList(task.value)) {
      WriteList({}, task.value);
      return;
    }
    const size_t first = stack_.size();
    yyjson_arr_iter items = yyjson_arr_iter_with(task.value);
    while (yyjson_val* item = yyjson_arr_iter_next(&items)) {
      const std::string_view name = NameOf(item);
      stack_.push_back({Unwrap(item), task.depth + 1, name.empty() ? 0 : task.depth + 1, name});
    }
    std::reverse(stack_.begin() + static_cast<std::ptrdiff_t>(first), stack_.end());
  }

  void WriteLine(std::string_view key, const std::string& value) {
    const std::string text = DataText(value);
    const std::string_view trimmed = TrimAsciiSpace(text);
    if (trimmed.empty()) return;
    const bool is_long = trimmed.size() > kLongValueBytes;
    is_long ? out_->BreakParagraph() : out_->BreakLine();
    WriteKey(key);
    out_->AddVerbatim(trimmed);
    is_long ? out_->BreakParagraph() : out_->BreakLine();
  }

  void WriteList(std::string_view key, yyjson_val* list) {
    std::vector<std::string> values;
    size_t bytes = 0;
    yyjson_arr_iter items = yyjson_arr_iter_with(list);
    while (yyjson_val* item = yyjson_arr_iter_next(&items)) {
      const std::string text = DataText(ScalarText(Unwrap(item)));
      const std::string_view trimmed = TrimAsciiSpace(text);
      if (trimmed.empty()) continue;
      bytes += trimmed.size();
      values.emplace_back(trimmed);
    }
    if (values.empty()) return;
    out_->BreakLine();
    WriteKey(key);
    const bool in_line = bytes <= kMaxInlineListBytes;
    for (size_t i = 0; i < values.size(); ++i) {
      if (in_line) {
        if (i > 0) out_->AddVerbatim(", ");
      } else {
        out_->BreakLine();
        out_->AddVerbatim("- ");
      }
      out_->AddVerbatim(values[i]);
    }
    out_->BreakLine();
  }

  void WriteKey(std::string_view key) {
    const std::string name = OneLine(key);
    if (name.empty()) return;
    out_->AddVerbatim(name);
    out_->AddVerbatim(": ");
  }

  TextBuilder* out_;
  std::vector<Task> stack_;
};

}  // namespace

void AppendJson(yyjson_val* root, const char* const* skip, size_t skip_count, TextBuilder* out) {
  Writer(out).Run(root, skip, skip_count);
}

std::string ScalarText(yyjson_val* value) {
  if (yyjson_is_str(value)) {
    std::string text(JsonString(value));
    std::erase(text, '\0');
    NormaliseLineEnds(&text);
    return text;
  }
  if (yyjson_is_raw(value)) return std::string(yyjson_get_raw(value), yyjson_get_len(value));
  if (yyjson_is_bool(value)) return yyjson_get_bool(value) ? "true" : "false";
  return {};
}

}  // namespace lodestone
