#include "ui/fonts.h"

#include <cmath>
#include <cstring>

#include "imgui_internal.h"
#include "ui/utf8.h"

namespace lodestone::ui {
namespace {

// Sizes in use are given with each call; ImGui only wants some reference.
constexpr float kReferenceSize = 16;
// Line metrics where only the painter draws; those of common sans-serif faces.
constexpr float kPaintedAscent = 0.95f;
constexpr float kPaintedDescent = -0.25f;

int IndexOf(Weight weight) { return weight == Weight::kSemiBold ? 1 : 0; }

bool LooksLikeFont(std::span<const uint8_t> file) {
  if (file.size() < 1024) return false;
  static constexpr uint8_t kTrueType[4] = {0, 1, 0, 0};
  return std::memcmp(file.data(), kTrueType, 4) == 0 || std::memcmp(file.data(), "OTTO", 4) == 0 ||
         std::memcmp(file.data(), "true", 4) == 0;
}

}  // namespace

// Named in the header as friends, so outside the anonymous namespace.
bool PaintedBakedInit(ImFontAtlas*, ImFontConfig* source, ImFontBaked* baked, void*) {
  if (!source->MergeMode) {
    baked->Ascent = std::ceil(kPaintedAscent * baked->Size);
    baked->Descent = std::floor(kPaintedDescent * baked->Size);
  }
  return true;
}

bool PaintedLoadGlyph(ImFontAtlas* atlas, ImFontConfig* config, ImFontBaked* baked, void*,
                      ImWchar code_point, ImFontGlyph* out, float* advance_only) {
  auto* fonts = static_cast<Fonts*>(ImGui::GetIO().UserData);
  const bool semi_bold = config->FontLoaderFlags != 0;
  std::string cluster(fonts->clusters_->TextOf(code_point));
  if (cluster.empty()) AppendUtf8(code_point, &cluster);
  const float density = baked->RasterizerDensity * config->RasterizerDensity;
  if (advance_only != nullptr) {
    *advance_only = fonts->painter_->Advance(cluster, baked->Size * density, semi_bold) / density;
    return true;
  }
  GlyphImage image;
  if (!fonts->painter_->Paint(cluster, baked->Size * density, semi_bold, &image)) return false;
  out->Codepoint = code_point;
  out->AdvanceX = image.advance / density;
  if (image.width == 0 || image.height == 0) return true;
  const ImFontAtlasRectId id = ImFontAtlasPackAddRect(atlas, image.width, image.height);
  if (id == ImFontAtlasRectId_Invalid) return false;
  ImTextureRect* rect = ImFontAtlasPackGetRect(atlas, id);
  const float baseline = std::round(baked->Ascent);
  out->X0 = image.left / density;
  out->Y0 = baseline - image.top / density;
  out->X1 = out->X0 + static_cast<float>(image.width) / density;
  out->Y1 = out->Y0 + static_cast<float>(image.height) / density;
  out->Visible = true;
  out->Colored = image.coloured;
  out->PackId = id;
  ImFontAtlasBakedSetFontGlyphBitmap(atlas, baked, config, out, rect, image.rgba.data(),
                                     ImTextureFormat_RGBA32, image.width * 4);
  return true;
}

namespace {

bool PaintedContains(ImFontAtlas*, ImFontConfig*, ImWchar) { return true; }

const ImFontLoader* PaintedLoader() {
  static const ImFontLoader kLoader = [] {
    ImFontLoader loader;
    loader.Name = "painted";
    loader.FontSrcContainsGlyph = PaintedContains;
    loader.FontBakedInit = PaintedBakedInit;
    loader.FontBakedLoadGlyph = PaintedLoadGlyph;
    return loader;
  }();
  return &kLoader;
}

ImFontConfig PaintedConfig(Weight weight) {
  ImFontConfig config;
  config.SizePixels = kReferenceSize;
  config.FontLoader = PaintedLoader();
  config.FontLoaderFlags = static_cast<unsigned>(IndexOf(weight));
  return config;
}

}  // namespace

// Widths of one style, with a table for the glyphs below U+0180.
class Fonts::StyleMeasure : public TextMeasure {
 public:
  StyleMeasure(Fonts* fonts, const TextStyle& style)
      : TextMeasure(fonts->clusters_), fonts_(fonts), style_(style) {}

  float Advance(char32_t glyph) override {
    if (generation_ != fonts_->generation_) {
      generation_ = fonts_->generation_;
      for (float& advance : table_) advance = -1;
    }
    if (glyph < std::size(table_) && table_[glyph] >= 0) return table_[glyph];
    const float advance = Baked()->GetCharAdvance(static_cast<ImWchar>(glyph));
    if (glyph < std::size(table_)) table_[glyph] = advance;
    return advance;
  }

  // ImGui moves its baked fonts between frames.
  ImFontBaked* Baked() {
    if (frame_ != fonts_->frame_ || baked_generation_ != fonts_->generation_ || baked_ == nullptr) {
      frame_ = fonts_->frame_;
      baked_generation_ = fonts_->generation_;
      ImFont* font = fonts_->fonts_[IndexOf(style_.weight)];
      if (font == nullptr) font = fonts_->fonts_[0];
      baked_ = font->GetFontBaked(style_.size, fonts_->density_);
      // Much is measured that is never seen: only what is drawn gets a picture.
      baked_->LoadNoRenderOnLayout = true;
    }
    return baked_;
  }

 private:
  Fonts* fonts_;
  TextStyle style_;
  uint32_t generation_ = 0;
  uint32_t baked_generation_ = 0;
  uint32_t frame_ = 0;
  ImFontBaked* baked_ = nullptr;
  float table_[0x180];
};

Fonts::Fonts(GlyphPainter* painter, ClusterTable* clusters)
    : painter_(painter), clusters_(clusters) {
  ImGui::GetIO().UserData = this;
  fonts_[0] = AddPaintedFont(Weight::kRegular);
}

Fonts::~Fonts() { ImGui::GetIO().UserData = nullptr; }

ImFont* Fonts::AddPaintedFont(Weight weight) {
  const ImFontConfig config = PaintedConfig(weight);
  return ImGui::GetIO().Fonts->AddFont(&config);
}

void Fonts::AddPaintedFallback(Weight weight) {
  ImFontConfig config = PaintedConfig(weight);
  config.MergeMode = true;
  ImGui::GetIO().Fonts->AddFont(&config);
}

bool Fonts::SetFont(Weight weight, std::span<const uint8_t> file) {
  if (!LooksLikeFont(file)) return false;
  ImFontAtlas* atlas = ImGui::GetIO().Fonts;
  void* copy = ImGui::MemAlloc(file.size());  // the atlas frees it
  std::memcpy(copy, file.data(), file.size());
  ImFontConfig config;
  config.FontData = copy;
  config.FontDataSize = static_cast<int>(file.size());
  // A negative size makes stb_truetype scale by the em, as CSS does, and not by ascent plus
  // descent. Once it has, the sign must go: ImGui multiplies its limits of advances by this size.
  config.SizePixels = -kReferenceSize;
  // The private area is the cluster table's, and Inter has shapes of its own there.
  static constexpr ImWchar kNotFromFonts[] = {0xE000, 0xF8FF, 0};
  config.GlyphExcludeRanges = kNotFromFonts;
  ImFont* font = atlas->AddFont(&config);
  if (font == nullptr) return false;
  font->Sources[0]->SizePixels = kReferenceSize;
  AddPaintedFallback(weight);
  ImFont*& slot = fonts_[IndexOf(weight)];
  ImFont* old = slot;
  slot = font;
  ImGui::GetIO().FontDefault = fonts_[0];
  if (old != nullptr) atlas->RemoveFont(old);
  ++generation_;
  return true;
}

void Fonts::BeginFrame(float density) {
  ++frame_;
  if (density != density_) {
    density_ = density;
    ++generation_;
  }
}

TextMeasure& Fonts::Measure(const TextStyle& style) {
  const auto key =
      static_cast<uint32_t>(style.size) * 2 + static_cast<uint32_t>(IndexOf(style.weight));
  std::unique_ptr<StyleMeasure>& measure = measures_[key];
  if (measure == nullptr) measure = std::make_unique<StyleMeasure>(this, style);
  return *measure;
}

ImFontBaked* Fonts::Baked(const TextStyle& style) {
  return static_cast<StyleMeasure&>(Measure(style)).Baked();
}

}  // namespace lodestone::ui
