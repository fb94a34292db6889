#pragma once

// What Dear ImGui is compiled with, in every target (IMGUI_USER_CONFIG).

#define IMGUI_DISABLE_OBSOLETE_FUNCTIONS
#define IMGUI_DISABLE_DEMO_WINDOWS
#define IMGUI_DISABLE_DEBUG_TOOLS
#define IMGUI_DISABLE_DEFAULT_FONT
#define IMGUI_DISABLE_FILE_FUNCTIONS
#define IMGUI_DISABLE_DEFAULT_SHELL_FUNCTIONS

// Emoji and rare Han lie above the first 65,536 code points.
#define IMGUI_USE_WCHAR32

// A 4K screen full of small text has more than 65,536 vertices in one list, and WebGL2 has no
// base-vertex draw to work around 16-bit indices.
#define ImDrawIdx unsigned int
