// Converts api/openapi.yaml to JSON and writes it as a C++ source, while the program is built:
//
//   openapi_tool INPUT.yaml OUTPUT.cpp
//
// The program itself then needs no YAML and no time to convert. A duplicate key or a broken
// document fails the build.
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <charconv>
#include <fstream>
#include <iostream>
#include <set>
#include <stdexcept>
#include <string>
#include <yaml-cpp/yaml.h>

namespace json = boost::json;

namespace {

json::value convert(const YAML::Node& node);

// Plain scalars have a meaning in the core schema; quoted ones are text.
json::value convert_scalar(const YAML::Node& node) {
    const std::string& text = node.Scalar();
    if (node.Tag() == "!") return json::value(text);
    if (text == "null" || text == "~" || text.empty()) return nullptr;
    if (text == "true") return true;
    if (text == "false") return false;
    const char* end = text.data() + text.size();
    std::int64_t integer = 0;
    const auto whole = std::from_chars(text.data(), end, integer);
    if (whole.ec == std::errc{} && whole.ptr == end) return integer;
    double real = 0;
    const auto fraction = std::from_chars(text.data(), end, real);
    if (fraction.ec == std::errc{} && fraction.ptr == end) return real;
    return json::value(text);
}

json::value convert_map(const YAML::Node& node) {
    json::object out;
    std::set<std::string> keys;
    for (const auto& item : node) {
        const std::string key = item.first.as<std::string>();
        if (!keys.insert(key).second) {
            const auto mark = item.first.Mark();
            throw std::runtime_error("line " + std::to_string(mark.line + 1) + ": duplicate key \""
                                     + key + "\"");
        }
        out.emplace(key, convert(item.second));
    }
    return out;
}

json::value convert(const YAML::Node& node) {
    switch (node.Type()) {
        case YAML::NodeType::Map: return convert_map(node);
        case YAML::NodeType::Sequence: {
            json::array out;
            for (const auto& item : node)
                out.push_back(convert(item));
            return out;
        }
        case YAML::NodeType::Scalar: return convert_scalar(node);
        case YAML::NodeType::Null:
        case YAML::NodeType::Undefined: return nullptr;
    }
    return nullptr;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) {
        std::cerr << "usage: openapi_tool INPUT.yaml OUTPUT.cpp\n";
        return 2;
    }
    try {
        const std::string text = json::serialize(convert(YAML::LoadFile(argv[1])));
        std::ofstream out(argv[2], std::ios::binary);
        out << "#include \"adapters/http/routes/openapi_document.hpp\"\n\n"
            << "namespace zs::http {\n\n"
            << "std::string_view openapi_json() noexcept {\n"
            << "    return R\"ZSOPENAPI(" << text << ")ZSOPENAPI\";\n}\n\n"
            << "}  // namespace zs::http\n";
        out.close();
        if (!out) throw std::runtime_error(std::string("cannot write ") + argv[2]);
    } catch (const std::exception& error) {
        std::cerr << argv[1] << ": " << error.what() << '\n';
        return 1;
    }
    return 0;
}
