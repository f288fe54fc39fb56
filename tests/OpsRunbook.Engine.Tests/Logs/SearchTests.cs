using System.Text;
using System.Text.RegularExpressions;
using OpsRunbook.Engine.Logs;
using OpsRunbook.Engine.Logs.Formats;
using OpsRunbook.Engine.Logs.Scanning;

namespace OpsRunbook.Engine.Tests.Logs;

public sealed class SearchTests
{
    [Theory]
    [InlineData("timeout of \\d+ms", "timeout of ", false)]
    [InlineData(" (ERROR|FATAL) ", " ERROR | FATAL ", true)]
    [InlineData("ERROR", "ERROR", true)]
    [InlineData("a.b\\.c+d", "b.", false)]
    [InlineData("(?:foo|ba[rz])x", "foo|ba", false)]
    [InlineData("(?:foo|bar)+x", "foo|bar", false)]
    [InlineData("colou?r red", "r red", false)]
    [InlineData("x{0,3}abc", "abc", false)]
    [InlineData("(?<id>[0-9a-f]+) not found$", " not found", false)]
    [InlineData("a|", null, false)]
    [InlineData("^", null, false)]
    [InlineData("[abc]", null, false)]
    [InlineData("(?=secret)s", null, false)]
    [InlineData("\\x41bc", null, false)]
    [InlineData("[]a]bcd", "bcd", false)]
    public void Literals_of_an_expression_are_found(string pattern, string? literals, bool exact)
    {
        var found = RegexLiterals.Find(pattern, caseSensitive: true);

        Assert.Equal(literals, found is null ? null : string.Join('|', found.Value.Literals));
        Assert.Equal(exact, found?.Exact ?? false);
    }

    [Fact]
    public void What_is_taken_for_plain_is_a_literal_and_nothing_else_is()
    {
        for (var character = ' '; character < 0x250; character++)
        {
            var text = character.ToString();
            if (RegexLiterals.IsPlain(text))
            {
                Assert.Equal(text, Regex.Match($"a{text}b", $"^a({text})b$", RegexOptions.None, TimeSpan.FromSeconds(1)).Groups[1].Value);
            }
        }

        Assert.All(["", "a.b", "a|b", "(a", "a[", "a\\d", "a{2}", "a*", "a+", "a?", "^a", "a$", "a#", "Ärger"], pattern => Assert.False(RegexLiterals.IsPlain(pattern)));
        Assert.True(RegexLiterals.IsPlain("GET /health HTTP"));
    }

    [Theory]
    [InlineData("ERROR", true, "an ERROR", "an error")]
    [InlineData("error", false, "an ERROR", "an eror")]
    [InlineData("skin", false, "\u017fKIN", "thin")]
    public void Plain_words_match_as_the_expression_would(string pattern, bool caseSensitive, string fits, string differs)
    {
        var options = RegexOptions.CultureInvariant | (caseSensitive ? RegexOptions.None : RegexOptions.IgnoreCase);
        var matcher = new RecordMatcher(new LogQuery { Match = pattern, CaseSensitive = caseSensitive }, PlainFormat.Instance);

        Assert.All([fits, differs], text => Assert.Equal(
            Regex.IsMatch(text, pattern, options, TimeSpan.FromSeconds(1)),
            matcher.Accepts(Encoding.UTF8.GetBytes(text), default, isFound: false)));
    }

    [Theory]
    [InlineData("(?<a")]
    [InlineData("(")]
    [InlineData("a[")]
    [InlineData("a\\")]
    public void What_is_no_expression_is_refused_before_its_literals_are_looked_for(string pattern) =>
        Assert.Equal("Log.PatternInvalid", Assert.Throws<OpsException>(() => new RecordMatcher(new LogQuery { Match = pattern }, PlainFormat.Instance)).Id);

    [Fact]
    public void A_text_that_fits_an_expression_always_holds_one_of_its_literals()
    {
        string[] parts = ["a", "bc", ".", "[a-c]", "(ab|c)", "(?:b|ca)?", "d+", "e*", "\\w", "f{2}", "\\.", "(a|)", "g{0,1}", "x|y", "^", "b$", "[^a]", "(?:c(d|e)f)"];
        var random = new Random(7);
        var texts = Enumerable.Range(0, 300).Select(_ => new string(Enumerable.Range(0, 14).Select(_ => "abcdefgxy."[random.Next(10)]).ToArray())).ToList();
        for (var i = 0; i < 3000; i++)
        {
            var pattern = string.Concat(Enumerable.Range(0, 1 + random.Next(5)).Select(_ => parts[random.Next(parts.Length)]));
            if (RegexLiterals.Find(pattern, caseSensitive: true) is not { } found)
            {
                continue;
            }

            foreach (var text in texts)
            {
                var fits = Regex.IsMatch(text, pattern, RegexOptions.None, TimeSpan.FromSeconds(1));
                var holds = found.Literals.Any(literal => text.Contains(literal, StringComparison.Ordinal));
                Assert.True(found.Exact ? fits == holds : !fits || holds, $"{pattern} on {text}");
            }
        }
    }

    [Fact]
    public void One_word_is_found_wherever_it_stands()
    {
        var search = new LiteralSet(["ERROR"], ignoreCase: false);
        for (var before = 0; before < 140; before++)
        {
            for (var after = 0; after < 140; after += 7)
            {
                var text = new string('E', before) + "ERROR" + new string('R', after);

                Assert.Equal(before, search.IndexOf(Encoding.ASCII.GetBytes(text)));
                Assert.Equal(-1, search.IndexOf(Encoding.ASCII.GetBytes(text.Replace('O', 'o'))));
            }
        }
    }

    [Fact]
    public void The_search_finds_what_a_plain_search_finds()
    {
        var random = new Random(3);
        for (var round = 0; round < 2000; round++)
        {
            var literals = Enumerable.Range(0, 1 + random.Next(12)).Select(_ => Word(1 + random.Next(5))).Distinct().ToList();
            var text = Word(random.Next(200));
            var ignoreCase = round % 2 == 0;
            var expected = literals
                .Select(literal => text.IndexOf(literal, ignoreCase ? StringComparison.OrdinalIgnoreCase : StringComparison.Ordinal))
                .Where(found => found >= 0).DefaultIfEmpty(-1).Min();

            Assert.Equal(expected, new LiteralSet(literals, ignoreCase).IndexOf(Encoding.ASCII.GetBytes(text)));
        }

        string Word(int length) => new(Enumerable.Range(0, length).Select(_ => "abAB[ ."[random.Next(7)]).ToArray());
    }
}
