#include "base/encoding.hpp"
#include "core/identity/password_policy.hpp"

#include <algorithm>
#include <array>

namespace zs::identity {
namespace {
// The first guesses of anybody who tries, of 8 characters or more (shorter ones are refused
// anyway). Lower case, sorted by byte.
constexpr std::array<std::string_view, 308> kCommon = {
    "!@#$%^&*",     "!qaz2wsx",      "00000000",       "0000000000",      "01234567",
    "0123456789",   "098765432",     "0987654321",     "10203040",        "11111111",
    "111111111",    "1111111111",    "11223344",       "1122334455",      "112233445566",
    "12121212",     "121212121",     "123123123",      "1234!@#$",        "12341234",
    "12344321",     "123454321",     "12345678",       "123456789",       "1234567890",
    "12345678910",  "123456789a",    "12345678a",      "12345679",        "1234567a",
    "123456abc",    "1234abcd",      "1234qwer",       "123abc123",       "123qwe123",
    "123qweasd",    "123qweasdzxc",  "13131313",       "147258369",       "159753456",
    "1q2w3e4r",     "1q2w3e4r5t",    "1q2w3e4r5t6y",   "1qaz2wsx",        "1qaz2wsx3edc",
    "1qazxsw2",     "22222222",      "23232323",       "31415926",        "33333333",
    "44444444",     "55555555",      "66666666",       "77777777",        "87654321",
    "88888888",     "987654321",     "9876543210",     "99999999",        "999999999",
    "a1234567",     "a12345678",     "a123456789",     "a1b2c3d4",        "aa123456",
    "aa12345678",   "aaaaaaaa",      "aaaaaaaaa",      "abc12345",        "abc123456",
    "abc123abc",    "abcd1234",      "abcdefgh",       "abcdefghi",       "access123",
    "access14",     "admin123",      "admin1234",      "admin12345",      "admin123456",
    "adminadmin",   "administrator", "administrator1", "alexander",       "android1",
    "arsenal1",     "asdasdasd",     "asdf1234",       "asdfasdf",        "asdfghjk",
    "asdfghjkl",    "asdfqwer",      "autumn2024",     "autumn2025",      "azertyui",
    "azertyuiop",   "barcelona",     "baseball",       "baseball1",       "basketball",
    "batman123",    "butterfly",     "changeit",       "changeme",        "changeme1",
    "changeme123",  "charlie1",      "chelsea1",       "chicken1",        "chocolate",
    "christian",    "christopher",   "company1",       "company123",      "computer",
    "computer1",    "corvette",      "creative",       "danielle",        "database",
    "database1",    "december",      "default1",       "defaultpassword", "demo1234",
    "demodemo",     "dragon123",     "elizabeth",      "example1",        "facebook",
    "facebook1",    "family123",     "february",       "football",        "football1",
    "football123",  "forever1",      "fortnite1",      "freedom1",        "friday13",
    "friends1",     "google123",     "guest123",       "guestguest",      "hello123",
    "hello1234",    "hellohello",    "helloworld",     "helloworld1",     "iloveme1",
    "iloveu123",    "iloveyou",      "iloveyou1",      "iloveyou123",     "iloveyou2",
    "instagram",    "internet",      "internet1",      "january1",        "jennifer",
    "jessica1",     "jonathan",      "letmein1",       "letmein12",       "letmein123",
    "letmeinnow",   "linkedin",      "liverpool",      "liverpool1",      "login123",
    "loginlogin",   "lovelove",      "loveyou1",       "manchester",      "master123",
    "mercedes",     "michael1",      "michelle",       "microsoft",       "minecraft",
    "monday123",    "monkey123",     "mustang1",       "mypass123",       "mypassword",
    "mypassword1",  "nicholas",      "no.password",    "nopassword",      "november",
    "openseasame",  "opensesame",    "p@ssw0rd",       "p@ssw0rd1",       "p@ssw0rd123",
    "p@ssword",     "p@ssword1",     "pa$$w0rd",       "pa$$word",        "passpass",
    "passphrase",   "passw0rd",      "passw0rd1",      "password",        "password!",
    "password01",   "password1",     "password1!",     "password11",      "password12",
    "password123",  "password1234",  "password2",      "password3",       "password99",
    "pokemon1",     "pokemon123",    "postgres",       "postgres1",       "princess",
    "princess1",    "q1234567",      "q1w2e3r4",       "q1w2e3r4t5",      "qazwsx123",
    "qazwsxedc",    "qweasdzxc",     "qweqweqwe",      "qwer1234",        "qwerasdf",
    "qwerty!@#",    "qwerty12",      "qwerty123",      "qwerty1234",      "qwerty12345",
    "qwerty123456", "qwertyui",      "qwertyuiop",     "qwertyuiop123",   "qwertz123",
    "qwertzui",     "qwertzuiop",    "root1234",       "rootroot",        "samantha",
    "samsung1",     "samsung123",    "scorpion",       "secret12",        "secret123",
    "secretsecret", "security",      "september",      "september1",      "shadow123",
    "spiderman",    "spring2024",    "spring2025",     "starwars",        "starwars1",
    "summer2020",   "summer2021",    "summer2022",     "summer2023",      "summer2024",
    "summer2025",   "sunshine",      "sunshine1",      "superman",        "superman1",
    "superuser",    "temp1234",      "temppass",       "test1234",        "test12345",
    "tester123",    "testing1",      "testing123",     "testtest",        "toor1234",
    "trustno1",     "twitter1",      "user1234",       "username",        "victoria",
    "welcome!",     "welcome1",      "welcome12",      "welcome123",      "welcome2",
    "whatever",     "whatever1",     "winter2020",     "winter2021",      "winter2022",
    "winter2023",   "winter2024",    "winter2025",     "youtube1",        "zaq12wsx",
    "zaq1zaq1",     "zserver1",      "zserver123",     "zserverzserver",  "zxcvbnm,",
    "zxcvbnm1",     "zxcvbnm123",    "zxczxczxc",
};
static_assert(std::is_sorted(kCommon.begin(), kCommon.end()));
}  // namespace

bool is_common_password(std::string_view password) {
    const std::string lower = to_lower(password);
    return std::binary_search(kCommon.begin(), kCommon.end(), std::string_view(lower));
}

}  // namespace zs::identity
