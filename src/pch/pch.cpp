// Exists only so that CMake has a target to hang the precompiled header on.
