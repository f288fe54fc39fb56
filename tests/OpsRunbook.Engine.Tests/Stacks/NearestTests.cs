namespace OpsRunbook.Engine.Tests.Stacks;

public sealed class NearestTests
{
    [Theory]
    [InlineData("latncy", "latency")]
    [InlineData("LATENCY", "latency")]
    [InlineData("statsu", "status")]
    [InlineData("urll", "url")]
    [InlineData("helth", "health")]
    [InlineData("dependson", "dependsOn")]
    [InlineData("completely-different", null)]
    [InlineData("xyz", null)]
    [InlineData("", null)]
    public void Finds_what_was_probably_meant(string text, string? expected) =>
        Assert.Equal(expected, Nearest.Find(text, ["latency", "status", "url", "health", "dependsOn", string.Empty]));

    [Fact]
    public void Says_what_is_known_when_nothing_is_near()
    {
        Assert.Equal("Known are a, b.", Nearest.Suggest("zzz", ["a", "b"]));
        Assert.Null(Nearest.Suggest("zzz", []));
    }
}
