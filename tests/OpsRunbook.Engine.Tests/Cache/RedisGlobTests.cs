using OpsRunbook.Engine.Cache;
using OpsRunbook.Fixtures;

namespace OpsRunbook.Engine.Tests.Cache;

public sealed class RedisGlobTests
{
    [Theory]
    [InlineData("sess:*", "sess:1", true)]
    [InlineData("sess:*", "session", false)]
    [InlineData("h[^e]llo", "hallo", true)]
    [InlineData("h[^e]llo", "hello", false)]
    [InlineData("a\\*b", "a*b", true)]
    [InlineData("a\\*b", "axb", false)]
    [InlineData("*", "", true)]
    [InlineData("", "a", false)]
    public void Matches_as_documented(string pattern, string key, bool matches) =>
        Assert.Equal(matches, new RedisGlob(pattern).Matches(System.Text.Encoding.UTF8.GetBytes(key)));

    [Fact]
    public void An_escaped_text_fits_only_itself()
    {
        const string Text = "a*b?c[d]e\\f^g-h";
        Assert.True(new RedisGlob(RedisGlob.Escape(Text)).Matches(System.Text.Encoding.UTF8.GetBytes(Text)));
        Assert.False(new RedisGlob(RedisGlob.Escape(Text)).Matches("axxb?c[d]e\\f^g-h"u8));
    }

    [SkippableFact]
    public async Task Agrees_with_the_server_on_any_pattern()
    {
        // A protected key must be one for us exactly when it is one for the server.
        var server = await Servers.RedisAsync();
        await using var cache = new TestCache(server, database: 7);
        await using var connection = await cache.ConnectAsync();
        var random = new Random(7);
        const string Letters = "ab*?[]^-\\c\n";
        string Any(int longest) => new([.. Enumerable.Range(0, random.Next(longest + 1)).Select(_ => Letters[random.Next(Letters.Length)])]);
        var keys = Enumerable.Range(0, 300).Select(_ => Any(6)).Distinct(StringComparer.Ordinal).ToList();
        await connection.PipelineAsync([.. keys.Select(key => new RedisCommand("SET", key, "1"))], CancellationToken.None);
        for (var i = 0; i < 400; i++)
        {
            var pattern = Any(8);
            var glob = new RedisGlob(pattern);
            var theirs = (await connection.ExecuteAsync(new RedisCommand("KEYS", pattern), CancellationToken.None)).Items.Select(item => item.Text).Order(StringComparer.Ordinal);
            var ours = keys.Where(key => glob.Matches(System.Text.Encoding.UTF8.GetBytes(key))).Order(StringComparer.Ordinal);
            Assert.True(theirs.SequenceEqual(ours, StringComparer.Ordinal), $"pattern '{pattern}'");
        }

        await connection.ExecuteAsync(new RedisCommand("FLUSHDB"), CancellationToken.None);
    }
}
