using System.Text.Json;
using OpsRunbook.Engine.Health;

namespace OpsRunbook.Engine.Tests.Health;

public sealed class ConditionTests
{
    private const string Answer = """
        {"status":"ok","ready":true,"off":null,"count":3,"ratio":0.5,"version":"200","a":{"b":[{"c":"deep"},{"c":"second"}]},
         "key.with.dots":"dotted","checks":[{"status":"ok"},{"status":"ok"}],"mixed":[{"status":"ok"},{"status":"down"}],"none":[]}
        """;

    [Theory]
    [InlineData("200", 200, true)]
    [InlineData("200", 201, false)]
    [InlineData("2xx", 299, true)]
    [InlineData("2XX", 300, false)]
    [InlineData("200,204", 204, true)]
    [InlineData("200, 204", 203, false)]
    [InlineData("200-399", 302, true)]
    [InlineData("200-399", 400, false)]
    [InlineData("2xx,404", 404, true)]
    public void A_status_condition_takes_codes_classes_lists_and_ranges(string condition, int status, bool matches) =>
        Assert.Equal(matches, HttpStatusCondition.Parse(condition).Matches(status));

    [Theory]
    [InlineData("")]
    [InlineData("ok")]
    [InlineData("20")]
    [InlineData("2000")]
    [InlineData("600")]
    [InlineData("399-200")]
    [InlineData("200-")]
    public void A_status_condition_that_means_nothing_is_refused(string condition) =>
        Assert.Equal("Health.ConditionInvalid", Assert.Throws<OpsException>(() => HttpStatusCondition.Parse(condition)).Id);

    [Theory]
    [InlineData(null, true)]
    [InlineData("200", true)]
    [InlineData("401", true)]
    [InlineData("301", false)]
    [InlineData("3xx", false)]
    public void Redirects_are_followed_unless_one_is_expected(string? condition, bool follows) =>
        Assert.Equal(follows, (condition is null ? HttpStatusCondition.Default : HttpStatusCondition.Parse(condition)).FollowsRedirects);

    [Theory]
    [InlineData("body.status", "ok")]
    [InlineData("body.status", "o*")]
    [InlineData("body.status", "*")]
    [InlineData("body.status", "/^O.$/i")]
    [InlineData("body.status", "/^(?=ok)/")]
    [InlineData("body.status", "!= error")]
    [InlineData("body.ready", "true")]
    [InlineData("body.ready", "True")]
    [InlineData("body.off", "null")]
    [InlineData("body.count", "3")]
    [InlineData("body.count", "3.0")]
    [InlineData("body.count", "< 4")]
    [InlineData("body.count", ">= 3")]
    [InlineData("body.count", "!= 4")]
    [InlineData("body.ratio", "> 0.25")]
    [InlineData("body.version", "<= 200")]
    [InlineData("body.a.b[0].c", "deep")]
    [InlineData("body.a.b[1].c", "second")]
    [InlineData("body[\"key.with.dots\"]", "dotted")]
    [InlineData("body['key.with.dots']", "dotted")]
    [InlineData("body.checks[*].status", "ok")]
    [InlineData("body", "*deep*")]
    [InlineData("header.X-App", "v1")]
    [InlineData("header.x-app", "v*")]
    public void A_condition_that_holds_has_no_fault(string key, string value) => Assert.Null(Fault(key, value));

    [Theory]
    [InlineData("body.status", "OK", "body.status is \"ok\", expected \"OK\"")]
    [InlineData("body.status", "o", "body.status is \"ok\", expected \"o\"")]
    [InlineData("body.status", "/^k/", "body.status is \"ok\", expected /^k/")]
    [InlineData("body.count", "> 3", "body.count is 3, expected > 3")]
    [InlineData("body.status", "> 3", "body.status is \"ok\", expected > 3")]
    [InlineData("body.ready", "false", "body.ready is true, expected \"false\"")]
    [InlineData("body.a", "x", "body.a is an object, expected \"x\"")]
    [InlineData("body.nothing", "*", "there is no body.nothing, expected \"*\"")]
    [InlineData("body.a.b[2].c", "*", "there is no body.a.b[2].c, expected \"*\"")]
    [InlineData("body.mixed[*].status", "ok", "body.mixed[*].status is \"down\", expected \"ok\"")]
    [InlineData("body.none[*].status", "ok", "there is no body.none[*].status, expected \"ok\"")]
    [InlineData("header.X-App", "v2", "header.X-App is \"v1\", expected \"v2\"")]
    [InlineData("header.Missing", "*", "there is no header Missing, expected \"*\"")]
    public void A_condition_that_does_not_hold_names_what_was_found(string key, string value, string message) =>
        Assert.Equal(message, Fault(key, value)!.Value.Message);

    [Theory]
    [InlineData("body.a..b", "x")]
    [InlineData("body.a[x]", "x")]
    [InlineData("body.", "x")]
    [InlineData("cookie.a", "x")]
    [InlineData("header.", "x")]
    [InlineData("body.a", "/(/")]
    [InlineData("body.a", "< many")]
    public void A_condition_that_means_nothing_is_refused(string key, string value) =>
        Assert.Equal("Health.ConditionInvalid", Assert.Throws<OpsException>(() => HttpCondition.Parse(key, value)).Id);

    [Fact]
    public void What_the_server_says_is_short_and_harmless_in_the_message()
    {
        var (_, message) = HttpCondition.Parse("header.X", "v1").Fault(
            new Dictionary<string, string> { ["X"] = "\u001b[2J\u202e" + new string('a', 5000) }, string.Empty, default)!.Value;

        Assert.DoesNotContain('\u001b', message);
        Assert.DoesNotContain('\u202e', message);
        Assert.True(message.Length < 200, message);
    }

    [Fact]
    public void A_pattern_that_explodes_is_stopped()
    {
        // The lookahead needs the backtracking engine.
        var condition = HttpCondition.Parse("body", "/^(?=(a+)+$)b/");

        var error = Assert.Throws<OpsException>(() => condition.Fault(new Dictionary<string, string>(), new string('a', 60) + "!", default));

        Assert.Equal("Health.ConditionInvalid", error.Id);
    }

    private static (string Reason, string Message)? Fault(string key, string value)
    {
        using var json = JsonDocument.Parse(Answer);
        return HttpCondition.Parse(key, value).Fault(
            new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase) { ["X-App"] = "v1" }, Answer, json.RootElement);
    }
}
