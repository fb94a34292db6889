#include "text/markdown_text.h"

#include <md4c.h>

#include <algorithm>
#include <unordered_map>
#include <vector>

#include "text/html_text.h"
#include "text/utf8.h"

namespace lodestone {
namespace {

constexpr size_t kMaxFrontMatterBytes = 64 << 10;
constexpr size_t kMaxListIndent = 6;
constexpr int kBullet = -1;

struct List {
  int next = kBullet;  // number of the next item
  bool tight = true;
};

// Receives the parser's events.
class Writer {
 public:
  explicit Writer(TextBuilder* out) : out_(out) {}

  void Enter(MD_BLOCKTYPE type, void* detail) {
    switch (type) {
      case MD_BLOCK_UL:
        BreakForList(!lists_.empty());
        lists_.push_back({kBullet, static_cast<MD_BLOCK_UL_DETAIL*>(detail)->is_tight != 0});
        break;
      case MD_BLOCK_OL: {
        const auto* list = static_cast<MD_BLOCK_OL_DETAIL*>(detail);
        BreakForList(!lists_.empty());
        lists_.push_back({static_cast<int>(std::min(list->start, 1000000000u)), list->is_tight != 0});
        break;
      }
      case MD_BLOCK_LI:
        lists_.back().tight ? out_->BreakLine() : out_->BreakParagraph();
        out_->AddMarker(ItemMarker(*static_cast<MD_BLOCK_LI_DETAIL*>(detail)));
        break;
      case MD_BLOCK_H:
        out_->BeginHeading(static_cast<int>(static_cast<MD_BLOCK_H_DETAIL*>(detail)->level));
        break;
      case MD_BLOCK_CODE:
        out_->BreakParagraph();
        in_code_ = true;
        break;
      case MD_BLOCK_HTML:
        out_->BreakParagraph();
        in_html_block_ = true;
        break;
      case MD_BLOCK_P:
      case MD_BLOCK_TABLE:
        out_->BreakParagraph();
        break;
      case MD_BLOCK_TR:
        out_->BreakLine();
        row_start_ = out_->size();
        break;
      case MD_BLOCK_TH:
      case MD_BLOCK_TD:
        if (out_->size() != row_start_) out_->AddMarker(" | ");
        break;
      default:
        break;
    }
  }

  void Leave(MD_BLOCKTYPE type) {
    switch (type) {
      case MD_BLOCK_UL:
      case MD_BLOCK_OL:
        lists_.pop_back();
        BreakForList(!lists_.empty());
        break;
      case MD_BLOCK_LI:
        out_->DropMarker();
        out_->BreakLine();
        break;
      case MD_BLOCK_TR:
        out_->DropMarker();
        break;
      case MD_BLOCK_H:
        out_->EndHeading();
        break;
      case MD_BLOCK_CODE:
        in_code_ = false;
        out_->AddVerbatim(std::string_view(code_).substr(0, code_.find_last_not_of('\n') + 1));
        code_.clear();
        out_->BreakParagraph();
        break;
      case MD_BLOCK_HTML:
        in_html_block_ = false;
        AppendHtml(html_, out_, nullptr);
        html_.clear();
        out_->BreakParagraph();
        break;
      case MD_BLOCK_QUOTE:
      case MD_BLOCK_HR:
      case MD_BLOCK_P:
      case MD_BLOCK_TABLE:
        out_->BreakParagraph();
        break;
      default:
        break;
    }
  }

  void Text(MD_TEXTTYPE type, std::string_view text) {
    switch (type) {
      case MD_TEXT_BR:
        out_->in_heading() ? out_->AddFlowing(" ") : out_->BreakLine();
        break;
      case MD_TEXT_SOFTBR:
        out_->AddFlowing(" ");
        break;
      case MD_TEXT_NULLCHAR:
        out_->AddFlowing("\xEF\xBF\xBD");
        break;
      case MD_TEXT_ENTITY:
        AddEntity(text);
        break;
      case MD_TEXT_CODE:
        if (in_code_) {
          code_.append(text);
        } else {
          out_->AddFlowing(text);
        }
        break;
      case MD_TEXT_HTML:
        // In a block it is gathered for the end of the block; in a line it is one tag or comment.
        if (in_html_block_) {
          html_.append(text);
        } else if (AsciiLower(text.substr(0, 3)) == "<br") {
          out_->in_heading() ? out_->AddFlowing(" ") : out_->BreakLine();
        }
        break;
      default:
        out_->AddFlowing(text);
        break;
    }
  }

 private:
  void BreakForList(bool nested) {
    // A list inside an item continues it on the next line.
    nested ? out_->BreakLine() : out_->BreakParagraph();
  }

  // The HTML tokenizer knows the names; each is asked for once.
  void AddEntity(std::string_view entity) {
    auto [known, is_new] = entities_.try_emplace(std::string(entity));
    if (is_new) {
      TextBuilder one;
      AppendHtml(entity, &one, nullptr);
      std::vector<Heading> headings;
      one.Finish(&known->second, &headings);
      if (known->second.empty()) known->second = " ";
    }
    out_->AddFlowing(known->second);
  }

  std::string ItemMarker(const MD_BLOCK_LI_DETAIL& item) {
    std::string marker(2 * std::min(lists_.size() - 1, kMaxListIndent), ' ');
    List& list = lists_.back();
    marker += list.next == kBullet ? "- " : std::to_string(list.next++) + ". ";
    if (item.is_task) marker += item.task_mark == ' ' ? "[ ] " : "[x] ";
    return marker;
  }

  TextBuilder* out_;
  std::vector<List> lists_;
  std::unordered_map<std::string, std::string> entities_;
  std::string code_;
  std::string html_;
  size_t row_start_ = 0;
  bool in_code_ = false;
  bool in_html_block_ = false;
};

int EnterBlock(MD_BLOCKTYPE type, void* detail, void* writer) {
  static_cast<Writer*>(writer)->Enter(type, detail);
  return 0;
}
int LeaveBlock(MD_BLOCKTYPE type, void*, void* writer) {
  static_cast<Writer*>(writer)->Leave(type);
  return 0;
}
int IgnoreSpan(MD_SPANTYPE, void*, void*) { return 0; }
int TakeText(MD_TEXTTYPE type, const MD_CHAR* text, MD_SIZE size, void* writer) {
  static_cast<Writer*>(writer)->Text(type, std::string_view(text, size));
  return 0;
}

// The value of "key: value" or "key = value" without quotes around it, "" for another key.
std::string_view FrontMatterValue(std::string_view line, std::string_view key, char separator) {
  if (!line.starts_with(key)) return {};
  line = TrimAsciiSpace(line.substr(key.size()));
  if (line.empty() || line.front() != separator) return {};
  line = TrimAsciiSpace(line.substr(1));
  if (line.size() >= 2 && (line.front() == '"' || line.front() == '\'') && line.back() == line.front()) {
    line = line.substr(1, line.size() - 2);
  }
  return line;
}

}  // namespace

FrontMatter ReadFrontMatter(std::string_view markdown) {
  FrontMatter front;
  const bool yaml = markdown.starts_with("---\n");
  const bool toml = markdown.starts_with("+++\n");
  if (!yaml && !toml) return front;
  const std::string_view fence = markdown.substr(0, 3);
  const char separator = yaml ? ':' : '=';
  const std::string_view head = markdown.substr(0, kMaxFrontMatterBytes);
  bool has_key = false;
  for (size_t at = 4; at < head.size();) {
    const size_t line_end = std::min(head.find('\n', at), head.size());
    const std::string_view line = TrimAsciiSpace(head.substr(at, line_end - at));
    at = line_end + 1;
    if (line == fence || (yaml && line == "...")) {
      // Between two rules may stand ordinary text.
      if (has_key) {
        front.length = std::min(at, markdown.size());
        return front;
      }
      break;
    }
    has_key = has_key || line.find(separator) != std::string_view::npos;
    if (const auto title = FrontMatterValue(line, "title", separator); !title.empty()) front.title = title;
    if (const auto date = FrontMatterValue(line, "date", separator); !date.empty()) front.date = date;
  }
  return {};
}

Status AppendMarkdown(std::string_view markdown, TextBuilder* out) {
  MD_PARSER parser = {};
  parser.flags = MD_FLAG_TABLES | MD_FLAG_STRIKETHROUGH | MD_FLAG_TASKLISTS;
  parser.enter_block = EnterBlock;
  parser.leave_block = LeaveBlock;
  parser.enter_span = IgnoreSpan;
  parser.leave_span = IgnoreSpan;
  parser.text = TakeText;
  Writer writer(out);
  if (md_parse(markdown.data(), static_cast<MD_SIZE>(markdown.size()), &parser, &writer) != 0) {
    return Status(StatusCode::kBadData, "The Markdown could not be read.");
  }
  return OkStatus();
}

}  // namespace lodestone
