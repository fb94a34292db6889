#include "text/html_text.h"

#include <lexbor/html/token.h>
#include <lexbor/html/tokenizer.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "base/check.h"
#include "text/utf8.h"

namespace lodestone {
namespace {

constexpr int kBullet = -1;
constexpr size_t kMaxListIndent = 6;
constexpr size_t kShortCellBytes = 200;
constexpr size_t kMaxTitleBytes = 4096;
constexpr std::string_view kNoBreakSpace = "\xC2\xA0";
constexpr std::string_view kSoftHyphen = "\xC2\xAD";

enum class Role { kInline, kBlock, kLine, kHeading, kList, kItem, kRow, kCell, kPre, kBreak, kSkipped };

Role RoleOf(lxb_tag_id_t tag) {
  switch (tag) {
    case LXB_TAG_SCRIPT:
    case LXB_TAG_STYLE:
    case LXB_TAG_TEMPLATE:
    case LXB_TAG_NOSCRIPT:
    case LXB_TAG_SVG:
    case LXB_TAG_IFRAME:
    case LXB_TAG_NOEMBED:
    case LXB_TAG_NOFRAMES:
      return Role::kSkipped;
    case LXB_TAG_H1:
    case LXB_TAG_H2:
    case LXB_TAG_H3:
    case LXB_TAG_H4:
    case LXB_TAG_H5:
    case LXB_TAG_H6:
      return Role::kHeading;
    case LXB_TAG_P:
    case LXB_TAG_DIV:
    case LXB_TAG_SECTION:
    case LXB_TAG_ARTICLE:
    case LXB_TAG_ASIDE:
    case LXB_TAG_HEADER:
    case LXB_TAG_FOOTER:
    case LXB_TAG_MAIN:
    case LXB_TAG_NAV:
    case LXB_TAG_BLOCKQUOTE:
    case LXB_TAG_FIGURE:
    case LXB_TAG_FIGCAPTION:
    case LXB_TAG_ADDRESS:
    case LXB_TAG_FORM:
    case LXB_TAG_FIELDSET:
    case LXB_TAG_DETAILS:
    case LXB_TAG_SUMMARY:
    case LXB_TAG_DIALOG:
    case LXB_TAG_CENTER:
    case LXB_TAG_HGROUP:
    case LXB_TAG_TABLE:
    case LXB_TAG_CAPTION:
    case LXB_TAG_DL:
    case LXB_TAG_HR:
    case LXB_TAG_BODY:
      return Role::kBlock;
    case LXB_TAG_DT:
    case LXB_TAG_DD:
    case LXB_TAG_OPTION:
    case LXB_TAG_LEGEND:
      return Role::kLine;
    case LXB_TAG_UL:
    case LXB_TAG_OL:
    case LXB_TAG_MENU:
      return Role::kList;
    case LXB_TAG_LI:
      return Role::kItem;
    case LXB_TAG_TR:
      return Role::kRow;
    case LXB_TAG_TD:
    case LXB_TAG_TH:
      return Role::kCell;
    case LXB_TAG_PRE:
    case LXB_TAG_LISTING:
    case LXB_TAG_XMP:
    case LXB_TAG_PLAINTEXT:
    case LXB_TAG_TEXTAREA:
      return Role::kPre;
    case LXB_TAG_BR:
      return Role::kBreak;
    default:
      return Role::kInline;
  }
}

// The library numbers its tags by the alphabet.
static_assert(LXB_TAG_H6 - LXB_TAG_H1 == 5);
int HeadingLevel(lxb_tag_id_t tag) { return static_cast<int>(tag - LXB_TAG_H1) + 1; }

// Turns the tokens of one piece of HTML into text.
class Reader {
 public:
  Reader(TextBuilder* out, std::string* title) : out_(out), title_(title) {}

  void Run(std::string_view html) {
    const std::unique_ptr<lxb_html_tokenizer_t, TokenizerDeleter> lexer(lxb_html_tokenizer_create());
    LODESTONE_CHECK(lxb_html_tokenizer_init(lexer.get()) == LXB_STATUS_OK);
    // These tables of names do not grow: with few slots, many unknown names would take quadratic time.
    const size_t slots = std::clamp<size_t>(html.size() / 32, 16, 1 << 18);
    LODESTONE_CHECK(lxb_html_tokenizer_tags_make(lexer.get(), slots) == LXB_STATUS_OK);
    LODESTONE_CHECK(lxb_html_tokenizer_attrs_make(lexer.get(), slots) == LXB_STATUS_OK);
    // Looking for duplicate attributes takes quadratic time, and attributes are not read.
    lxb_html_tokenizer_keep_duplicate_set(lexer.get(), true);
    lxb_html_tokenizer_callback_token_done_set(lexer.get(), &Reader::TokenDone, this);
    // Parse errors are not wanted, and their list grows by a fixed step.
    lexer->parse_errors = lexbor_array_obj_destroy(lexer->parse_errors, true);
    // Its buffer grows by a few kilobytes at a time, which is quadratic for a long run of text where memory cannot
    // grow in place: all that may be needed is reserved at once.
    LODESTONE_CHECK(lxb_html_tokenizer_temp_realloc(lexer.get(), html.size()) == LXB_STATUS_OK);
    const auto* data = reinterpret_cast<const lxb_char_t*>(html.data());
    lxb_html_tokenizer_begin(lexer.get());
    lxb_html_tokenizer_chunk(lexer.get(), data, html.size());
    lxb_html_tokenizer_end(lexer.get());
    out_->EndHeading();
  }

 private:
  struct TokenizerDeleter {
    void operator()(lxb_html_tokenizer_t* lexer) const {
      lxb_html_tokenizer_tags_destroy(lexer);
      lxb_html_tokenizer_attrs_destroy(lexer);
      lxb_html_tokenizer_destroy(lexer);
    }
  };

  static lxb_html_token_t* TokenDone(lxb_html_tokenizer_t* lexer, lxb_html_token_t* token, void* reader) {
    static_cast<Reader*>(reader)->Take(*token, lexer);
    return token;
  }

  void Take(const lxb_html_token_t& token, lxb_html_tokenizer_t* lexer) {
    switch (token.tag_id) {
      case LXB_TAG__TEXT:
        if (skipped_ == LXB_TAG__UNDEF) {
          AddText({reinterpret_cast<const char*>(token.text_start),
                   static_cast<size_t>(token.text_end - token.text_start)});
        }
        break;
      case LXB_TAG__EM_COMMENT:
      case LXB_TAG__EM_DOCTYPE:
      case LXB_TAG__END_OF_FILE:
        break;
      default:
        if (token.type & LXB_HTML_TOKEN_TYPE_CLOSE) {
          EndTag(token.tag_id);
        } else {
          // What a tree builder would tell the tokenizer: how the content of this element is to be read.
          lxb_html_tokenizer_set_state_by_tag(lexer, /*scripting=*/false, token.tag_id, LXB_NS_HTML);
          StartTag(token.tag_id, (token.type & LXB_HTML_TOKEN_TYPE_CLOSE_SELF) != 0);
        }
        break;
    }
  }

  void AddText(std::string_view text) {
    if (in_title_) {
      if (title_ != nullptr && title_->size() < kMaxTitleBytes) title_->append(text);
      return;
    }
    // Soft hyphens would part words for the search; a no-break space is a space.
    while (!text.empty()) {
      const size_t special = std::min(text.find('\xC2'), text.size());
      AddRun(text.substr(0, special));
      text.remove_prefix(special);
      if (text.empty()) break;
      if (text.starts_with(kNoBreakSpace)) {
        AddRun(" ");
      } else if (!text.starts_with(kSoftHyphen)) {
        AddRun(text.substr(0, 2));
      }
      text.remove_prefix(std::min<size_t>(2, text.size()));
    }
  }

  void AddRun(std::string_view text) {
    if (pre_depth_ == 0) {
      out_->AddFlowing(text);
      return;
    }
    if (pre_begins_ && !text.empty() && text.front() == '\n') text.remove_prefix(1);
    pre_begins_ = false;
    out_->AddVerbatim(text);
  }

  void Break(bool paragraph) {
    const bool nothing_yet = out_->size() == block_start_;
    if (out_->in_heading()) {
      if (nothing_yet) return;
      out_->EndHeading();
    }
    if (in_cell_ && nothing_yet) return;
    paragraph ? out_->BreakParagraph() : out_->BreakLine();
  }

  void StartTag(lxb_tag_id_t tag, bool self_closing) {
    const Role role = RoleOf(tag);
    if (skipped_ != LXB_TAG__UNDEF) {
      if (tag == skipped_ && !self_closing) ++skip_depth_;
      return;
    }
    if (tag == LXB_TAG_TITLE) {
      in_title_ = true;
      return;
    }
    switch (role) {
      case Role::kSkipped:
        if (tag == LXB_TAG_SVG && self_closing) break;
        skipped_ = tag;
        skip_depth_ = 1;
        break;
      case Role::kHeading:
        out_->BeginHeading(HeadingLevel(tag));
        block_start_ = out_->size();
        break;
      case Role::kBlock:
        Break(true);
        break;
      case Role::kLine:
        Break(false);
        break;
      case Role::kList:
        Break(lists_.empty());
        lists_.push_back(tag == LXB_TAG_OL ? 0 : kBullet);
        break;
      case Role::kItem:
        Break(false);
        out_->AddMarker(ItemMarker());
        break;
      case Role::kRow:
        in_cell_ = false;
        in_row_cells_ = false;
        Break(false);
        row_start_ = out_->size();
        break;
      case Role::kCell:
        if (out_->size() == row_start_) {
          // The first cell with text in it needs no bar.
        } else if (out_->size() - block_start_ <= kShortCellBytes && in_row_cells_) {
          out_->DropBreak();
          out_->AddMarker(" | ");
        } else {
          Break(false);
        }
        in_row_cells_ = true;
        in_cell_ = true;
        block_start_ = out_->size();
        break;
      case Role::kPre:
        Break(true);
        ++pre_depth_;
        pre_begins_ = true;
        break;
      case Role::kBreak:
        if (out_->in_heading()) {
          out_->AddFlowing(" ");
        } else if (last_break_at_ == out_->size()) {
          Break(true);
        } else {
          Break(false);
          last_break_at_ = out_->size();
        }
        break;
      case Role::kInline:
        break;
    }
  }

  void EndTag(lxb_tag_id_t tag) {
    if (skipped_ != LXB_TAG__UNDEF) {
      if (tag == skipped_ && --skip_depth_ == 0) skipped_ = LXB_TAG__UNDEF;
      return;
    }
    if (tag == LXB_TAG_TITLE) {
      if (in_title_ && title_ != nullptr && !title_->empty()) title_ = nullptr;  // the first one counts
      in_title_ = false;
      return;
    }
    switch (RoleOf(tag)) {
      case Role::kHeading:
        out_->EndHeading();
        break;
      case Role::kBlock:
        Break(true);
        break;
      case Role::kItem:
        out_->DropMarker();
        Break(false);
        break;
      case Role::kLine:
      case Role::kBreak:
        Break(false);
        break;
      case Role::kRow:
        out_->DropMarker();
        in_cell_ = false;
        in_row_cells_ = false;
        Break(false);
        break;
      case Role::kList:
        if (!lists_.empty()) lists_.pop_back();
        out_->DropMarker();
        Break(lists_.empty());
        break;
      case Role::kPre:
        pre_depth_ = std::max(pre_depth_ - 1, 0);
        Break(true);
        break;
      case Role::kCell:
        in_cell_ = false;
        break;
      case Role::kSkipped:
      case Role::kInline:
        break;
    }
  }

  std::string ItemMarker() {
    std::string marker(lists_.empty() ? 0 : 2 * std::min(lists_.size() - 1, kMaxListIndent), ' ');
    if (lists_.empty() || lists_.back() == kBullet) return marker + "- ";
    return marker + std::to_string(++lists_.back()) + ". ";
  }

  TextBuilder* out_;
  std::string* title_;
  std::vector<int> lists_;   // open lists: the number of the last item, or kBullet
  lxb_tag_id_t skipped_ = LXB_TAG__UNDEF;  // inside this element nothing is taken
  int skip_depth_ = 0;
  int pre_depth_ = 0;
  bool pre_begins_ = false;
  bool in_title_ = false;
  bool in_cell_ = false;
  bool in_row_cells_ = false;
  size_t block_start_ = SIZE_MAX;   // size of the text when the open heading or cell began
  size_t row_start_ = SIZE_MAX;
  size_t last_break_at_ = SIZE_MAX;
};

constexpr std::string_view kDataTags[] = {"a",  "b",  "br",   "div",    "em",  "h1",  "h2",   "h3",    "i",  "li",
                                          "ol", "p",  "span", "strong", "sub", "sup", "table", "td",   "tr", "u",
                                          "ul", "code", "pre", "img"};

}  // namespace

void AppendHtml(std::string_view html, TextBuilder* out, std::string* title) { Reader(out, title).Run(html); }

bool HoldsHtmlTag(std::string_view text) {
  for (size_t at = text.find('<'); at != std::string_view::npos; at = text.find('<', at + 1)) {
    size_t begin = at + 1;
    if (begin < text.size() && text[begin] == '/') ++begin;
    size_t end = begin;
    while (end < text.size() && end - begin < 8 &&
           ((text[end] >= 'a' && text[end] <= 'z') || (text[end] >= 'A' && text[end] <= 'Z') ||
            (text[end] >= '0' && text[end] <= '9'))) {
      ++end;
    }
    if (end >= text.size()) continue;
    const char after = text[end];
    if (after != '>' && after != '/' && !IsAsciiSpace(after)) continue;
    const std::string name = AsciiLower(text.substr(begin, end - begin));
    if (std::find(std::begin(kDataTags), std::end(kDataTags), name) == std::end(kDataTags)) continue;
    const size_t close = text.find('>', end);
    if (close == std::string_view::npos) return false;
    // "<b and c>" is arithmetic; "<a href=x>" and "<br />" are tags.
    const std::string_view rest = TrimAsciiSpace(text.substr(end, close - end));
    if (rest.empty() || rest == "/" || rest.find('=') != std::string_view::npos) return true;
    at = close;
  }
  return false;
}

std::string DataText(std::string_view text) {
  if (!HoldsHtmlTag(text)) return std::string(text);
  TextBuilder builder;
  AppendHtml(text, &builder, nullptr);
  std::string plain;
  std::vector<Heading> headings;
  builder.Finish(&plain, &headings);
  // Within one value a blank line would look like the end of it.
  size_t out = 0;
  for (size_t in = 0; in < plain.size(); ++in) {
    if (plain[in] == '\n' && out > 0 && plain[out - 1] == '\n') continue;
    plain[out++] = plain[in];
  }
  plain.resize(out);
  return plain;
}

}  // namespace lodestone
