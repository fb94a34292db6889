#include "text/tokenizer.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "text/bert_normalizer.h"
#include "text/tokenizer_file.h"
#include "text/utf8.h"
#include "text/wordpiece.h"

namespace lodestone {
namespace {

// What the fast path needs to know of an ASCII byte.
struct AsciiEntry {
  CharacterClass cls = CharacterClass::kDropped;
  char lowered = 0;
};

// Where ids go: counts, stops at a limit, or keeps where each word began.
struct CountSink {
  size_t count = 0;
  std::vector<int32_t> scratch;
  std::vector<int32_t>* ids() { return &scratch; }
  bool WordDone(size_t) {
    count += scratch.size();
    scratch.clear();
    return true;
  }
};
struct LimitSink {
  std::vector<int32_t>* out;
  size_t limit;  // size of `out` not to be passed
  std::vector<int32_t>* ids() { return out; }
  bool WordDone(size_t) {
    if (out->size() < limit) return true;
    out->resize(limit);
    return false;
  }
};
struct OffsetSink {
  std::vector<int32_t>* out;
  std::vector<uint32_t>* offsets;
  std::vector<int32_t>* ids() { return out; }
  bool WordDone(size_t begin) {
    offsets->resize(out->size(), static_cast<uint32_t>(begin));
    return true;
  }
};

bool IsWordByte(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

class BertTokenizer final : public Tokenizer {
 public:
  explicit BertTokenizer(TokenizerFile file)
      : file_(std::move(file)),
        normalizer_(file_.normalizer),
        pieces_(file_.vocabulary.size(), file_.continuing_prefix, file_.max_characters_per_word, file_.unknown_id) {
    for (const auto& [piece, id] : file_.vocabulary) {
      pieces_.Add(piece, id);
      vocabulary_size_ = std::max(vocabulary_size_, id + 1);
    }
    for (const AddedToken& token : file_.added_tokens) {
      vocabulary_size_ = std::max(vocabulary_size_, token.id + 1);
      added_first_byte_[static_cast<unsigned char>(token.content[0])] = true;
    }
    // At one place the longest wins.
    std::stable_sort(file_.added_tokens.begin(), file_.added_tokens.end(),
                     [](const AddedToken& a, const AddedToken& b) { return a.content.size() > b.content.size(); });
    for (int c = 0; c < 0x80; ++c) {
      const char lowered = file_.normalizer.lowercase && c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32)
                                                                              : static_cast<char>(c);
      CharacterClass cls = normalizer_.Classify(static_cast<char32_t>(c));
      if (cls == CharacterClass::kMapped) cls = CharacterClass::kWord;  // only lowered, in ASCII
      ascii_[static_cast<size_t>(c)] = {cls, lowered};
    }
    file_.vocabulary.clear();
    file_.vocabulary.shrink_to_fit();
  }

  void Encode(std::string_view text, size_t max_tokens, std::vector<int32_t>* ids) const override {
    if (max_tokens == 0) return;
    LimitSink sink{ids, max_tokens > SIZE_MAX - ids->size() ? SIZE_MAX : ids->size() + max_tokens};
    Run(text, &sink);
  }

  void EncodeWithOffsets(std::string_view text, std::vector<int32_t>* ids,
                         std::vector<uint32_t>* offsets) const override {
    offsets->resize(ids->size());
    OffsetSink sink{ids, offsets};
    Run(text, &sink);
  }

  size_t CountTokens(std::string_view text) const override {
    CountSink sink;
    Run(text, &sink);
    return sink.count;
  }

  int32_t vocabulary_size() const override { return vocabulary_size_; }
  int32_t unknown_id() const override { return file_.unknown_id; }
  const std::vector<int32_t>& prefix_ids() const override { return file_.prefix_ids; }
  const std::vector<int32_t>& suffix_ids() const override { return file_.suffix_ids; }
  int32_t padding_id() const override { return file_.padding_id; }

 private:
  // The word that is being gathered.
  struct Word {
    char bytes[WordPiece::kMaxWordBytes + 8];
    size_t size = 0;
    size_t characters = 0;
    size_t begin = 0;  // in the text
    bool empty() const { return characters == 0; }
    void Clear() { size = characters = 0; }
    // Bytes over the room are not kept: such a word has too many characters or is too long to be a piece.
    void Append(char32_t c, size_t at) {
      if (characters++ == 0) begin = at;
      if (size + 4 > WordPiece::kMaxWordBytes) {
        size = WordPiece::kMaxWordBytes + 1;
        return;
      }
      if (c < 0x80) {
        bytes[size++] = static_cast<char>(c);
      } else if (c < 0x800) {
        bytes[size++] = static_cast<char>(0xC0 | (c >> 6));
        bytes[size++] = static_cast<char>(0x80 | (c & 0x3F));
      } else if (c < 0x10000) {
        bytes[size++] = static_cast<char>(0xE0 | (c >> 12));
        bytes[size++] = static_cast<char>(0x80 | ((c >> 6) & 0x3F));
        bytes[size++] = static_cast<char>(0x80 | (c & 0x3F));
      } else {
        bytes[size++] = static_cast<char>(0xF0 | (c >> 18));
        bytes[size++] = static_cast<char>(0x80 | ((c >> 12) & 0x3F));
        bytes[size++] = static_cast<char>(0x80 | ((c >> 6) & 0x3F));
        bytes[size++] = static_cast<char>(0x80 | (c & 0x3F));
      }
    }
  };

  template <typename Sink>
  bool Flush(Word* word, Sink* sink) const {
    if (word->empty()) return true;
    pieces_.Split({word->bytes, word->size}, word->characters, sink->ids());
    word->Clear();
    return sink->WordDone(word->begin);
  }

  // The next added token at or after `position`, which stands in the text verbatim.
  std::pair<size_t, const AddedToken*> NextAdded(std::string_view text, size_t position) const {
    if (file_.added_tokens.empty()) return {text.size(), nullptr};
    for (; position < text.size(); ++position) {
      if (!added_first_byte_[static_cast<unsigned char>(text[position])]) continue;
      for (const AddedToken& token : file_.added_tokens) {
        if (!text.substr(position).starts_with(token.content)) continue;
        const size_t end = position + token.content.size();
        if (token.single_word && ((position > 0 && IsWordByte(text[position - 1])) ||
                                  (end < text.size() && IsWordByte(text[end])))) {
          continue;
        }
        return {position, &token};
      }
    }
    return {text.size(), nullptr};
  }

  template <typename Sink>
  void Run(std::string_view text, Sink* sink) const {
    Word word;
    size_t position = 0;
    while (true) {
      const auto [end, added] = NextAdded(text, position);
      if (!RunPlain(text, position, end, &word, sink)) return;
      if (added == nullptr) return;
      sink->ids()->push_back(added->id);
      if (!sink->WordDone(end)) return;
      position = end + added->content.size();
    }
  }

  template <typename Sink>
  bool RunPlain(std::string_view text, size_t position, size_t end, Word* word, Sink* sink) const {
    while (position < end) {
      const auto byte = static_cast<unsigned char>(text[position]);
      if (byte < 0x80) {
        const AsciiEntry entry = ascii_[byte];
        switch (entry.cls) {
          case CharacterClass::kWord:
            word->Append(static_cast<char32_t>(entry.lowered), position);
            break;
          case CharacterClass::kSpace:
            if (!Flush(word, sink)) return false;
            break;
          case CharacterClass::kPunctuation:
            if (!Flush(word, sink)) return false;
            word->Append(byte, position);
            if (!Flush(word, sink)) return false;
            break;
          default:
            break;
        }
        ++position;
        continue;
      }
      const CodePoint c = DecodeUtf8(text, position);
      if (!TakeCharacter(c.value, position, word, sink)) return false;
      position += c.length;
    }
    return Flush(word, sink);
  }

  template <typename Sink>
  bool TakeCharacter(char32_t c, size_t at, Word* word, Sink* sink) const {
    switch (normalizer_.Classify(c)) {
      case CharacterClass::kWord:
        word->Append(c, at);
        return true;
      case CharacterClass::kDropped:
        return true;
      case CharacterClass::kSpace:
        return Flush(word, sink);
      case CharacterClass::kPunctuation:
        if (!Flush(word, sink)) return false;
        word->Append(c, at);
        return Flush(word, sink);
      case CharacterClass::kIdeograph:
        return Flush(word, sink) && TakeMapped(c, at, word, sink) && Flush(word, sink);
      case CharacterClass::kMapped:
        return TakeMapped(c, at, word, sink);
    }
    return true;
  }

  template <typename Sink>
  bool TakeMapped(char32_t c, size_t at, Word* word, Sink* sink) const {
    NormalizedCharacter mapped[8];
    const int count = normalizer_.Map(c, mapped);
    for (int i = 0; i < count; ++i) {
      if (mapped[i].cls != CharacterClass::kWord && !Flush(word, sink)) return false;
      if (mapped[i].cls == CharacterClass::kSpace) continue;
      word->Append(mapped[i].code_point, at);
      if (mapped[i].cls == CharacterClass::kPunctuation && !Flush(word, sink)) return false;
    }
    return true;
  }

  TokenizerFile file_;
  BertNormalizer normalizer_;
  WordPiece pieces_;
  std::array<AsciiEntry, 0x80> ascii_;
  std::array<bool, 256> added_first_byte_ = {};
  int32_t vocabulary_size_ = 0;
};

}  // namespace

Result<std::unique_ptr<Tokenizer>> Tokenizer::FromJson(std::string_view json) {
  Result<TokenizerFile> file = ReadTokenizerFile(json);
  if (!file.ok()) return file.status();
  return std::unique_ptr<Tokenizer>(std::make_unique<BertTokenizer>(std::move(file).value()));
}

}  // namespace lodestone
