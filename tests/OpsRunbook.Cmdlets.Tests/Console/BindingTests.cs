namespace OpsRunbook.Cmdlets.Tests.Runner;

public sealed class BindingTests
{
    [Theory]
    [InlineData("Name=api|db", "-Name", "api,db")]
    [InlineData("Name=api|db", "-Name", "api,", "db")]
    [InlineData("Name=api|db", "-Name", "api", ",db")]
    [InlineData("Name=api|db", "-Name", "api", ",", "db")]
    [InlineData("Name=api|db", "-Name:api,db")]
    [InlineData("Name=api|db", "-Name:api,", "db")]
    [InlineData("Name=api|db", "api,", "db")]
    [InlineData("Name=a,b|c|it's", "-Name", "'a,b',\"c\",it's")]
    [InlineData("Name=-x", "-Name:-x")]
    [InlineData("Name=-x", "--", "-x")]
    [InlineData("Name=api", "-n", "api")]
    [InlineData("Name=api", "-SN", "api")]
    [InlineData("Name=api", "-servicename", "api")]
    [InlineData("Uri=http://x/", "-Uri", "http://x/")]
    [InlineData("Port=-1", "-Port", "-1")]
    [InlineData("Method=HEAD", "-Method", "HEAD")]
    [InlineData("Timeout=01:30:00", "-Timeout", "1h30m")]
    [InlineData("Timeout=00:00:05", "-Timeout:5")]
    [InlineData("Minimum=524288000", "-Minimum", "500MB")]
    [InlineData("Since=2026-01-02T02:04:05 Utc", "-Since", "2026-01-02T03:04:05+01:00")]
    [InlineData("Since=2026-01-02T03:04:05 Utc", "-Since", "2026-01-02T03:04:05")]
    [InlineData("Colour=Red|Grey", "-Colour", "r,GREY")]
    [InlineData("Code=1|2|16", "-Code", "1,2,0x10")]
    [InlineData("Header=a:1:Int32|b:x;y = z:String|c:True:Boolean|d:1.5:Double|e::", "-Header", "@{a=1; b='x;y = z'; c=$true; d=1.5; e=$null}")]
    [InlineData("Flag=True", "-Flag", "$true")]
    [InlineData("Flag=False", "-Flag:false")]
    [InlineData("Stack=a,b.yaml", "-Stack", "a,b.yaml")]
    [InlineData("Watch=True", "-Watch")]
    [InlineData("Watch=False", "-Watch:$false")]
    [InlineData("Watch=False", "-Watch:false")]
    public void One_parameter(string expected, params string[] args)
    {
        if (expected == "Port=-1")
        {
            // Bound as a value, and then out of its range: -1 is not the name of a parameter.
            Assert.Contains("-1 is not within 1 and 65535", Run.Of(["Test-Binding", .. args]).Error, StringComparison.Ordinal);
            return;
        }

        var run = Run.Of(["test-binding", .. args]);
        Assert.Equal(string.Empty, run.Error);
        Assert.Equal([expected], run.Lines);
        Assert.Equal(0, run.ExitCode);
    }

    [Fact]
    public void Positional_ones_follow_their_positions_whatever_stands_between() =>
        Assert.Equal(["Name=a|b", "Text=hello, world", "Watch=True"], Run.Of("Test-Binding", "a,b", "-Watch", "hello, world").Lines);

    [Fact]
    public void A_named_one_leaves_its_position_to_the_next() =>
        Assert.Equal(["Name=a", "Text=t"], Run.Of("Test-Binding", "-Name", "a", "t").Lines);

    [Theory]
    [InlineData("Usage.CommandUnknown", "Did you mean Test-Binding?", "Test-Bindng")]
    [InlineData("Usage.CommandUnknown", "lists the commands", "Frobnicate")]
    [InlineData("Usage.ParameterUnknown", "Did you mean -Timeout?", "Test-Binding", "-Timout", "1s")]
    [InlineData("Usage.ParameterUnknown", "help Test-Binding", "Test-Binding", "-Zzzzzzz")]
    [InlineData("Usage.ParameterUnknown", "Did you mean -Name?", "Test-Binding", "--Name", "x")]
    [InlineData("Usage.ParameterAmbiguous", "-Minimum", "Test-Binding", "-M", "x")]
    [InlineData("Usage.ParameterTwice", "commas", "Test-Binding", "-Name", "a", "-name", "b")]
    [InlineData("Usage.ParameterTwice", "-Verbose", "Test-Binding", "-Verbose", "-vb")]
    [InlineData("Usage.ValueMissing", "-Name needs a value", "Test-Binding", "-Name")]
    [InlineData("Usage.ValueMissing", "-Name:-Watch", "Test-Binding", "-Name", "-Watch")]
    [InlineData("Usage.ParameterSet", "-Name cannot be used together with -Uri", "Test-Binding", "-Uri", "x", "-Name", "y")]
    [InlineData("Usage.ParameterInvalid", "not within 1 and 65535", "Test-Binding", "-Port", "65536")]
    [InlineData("Usage.ParameterInvalid", "whole number", "Test-Binding", "-Port", "eighty")]
    [InlineData("Usage.ParameterInvalid", "one of get, head", "Test-Binding", "-Method", "post")]
    [InlineData("Usage.ParameterInvalid", "did you mean Green?", "Test-Binding", "-Colour", "Gren")]
    [InlineData("Usage.ParameterInvalid", "not a duration", "Test-Binding", "-Timeout", "soon")]
    [InlineData("Usage.ParameterInvalid", "not a size", "Test-Binding", "-Minimum", "big")]
    [InlineData("Usage.ParameterInvalid", "not a date", "Test-Binding", "-Since", "yesterday")]
    [InlineData("Usage.ParameterInvalid", "not a table", "Test-Binding", "-Header", "a=1")]
    [InlineData("Usage.ParameterInvalid", "must not be empty", "Test-Binding", "-Stack", "")]
    [InlineData("Usage.ParameterInvalid", "did you mean Json?", "Test-Binding", "-OutputFormat", "jso n")]
    [InlineData("Usage.SwitchInvalid", "quotes", "Stop-Plate", "-Name", "x", "-Confirm:")]
    [InlineData("Usage.SwitchInvalid", "-Watch is a switch", "Test-Binding", "-Watch:maybe")]
    [InlineData("Usage.PositionalUnexpected", "'c'", "Test-Binding", "a", "b", "c")]
    [InlineData("Usage.ParameterMissing", "-Name must be given", "Stop-Plate")]
    [InlineData("Usage.ParameterUnknown", "-WhatIf", "Get-Plate", "-WhatIf")]
    public void Wrong_usage_is_64_and_says_what_would_be_right(string id, string hint, params string[] args)
    {
        var run = Run.Of(args);
        Assert.Equal(64, run.ExitCode);
        Assert.Equal(string.Empty, run.Out);
        Assert.Contains($"[{id}]", run.Error, StringComparison.Ordinal);
        Assert.Contains(hint, run.Error, StringComparison.Ordinal);
        Assert.Single(run.Error.Trim().Split('\n'));
    }

    [Fact]
    public void A_credential_takes_its_password_from_the_terminal_and_never_shows_the_question_twice()
    {
        var questions = new List<(string Text, bool Secret)>();
        var run = Run.With(
            new Setting
            {
                Ask = (text, secret) =>
                {
                    questions.Add((text, secret));
                    return "s3cret";
                },
            },
            "Test-Binding",
            "-Credential",
            "bob");
        Assert.Equal(["Credential=bob:s3cret"], run.Lines);
        Assert.Equal([("Password for bob: ", true)], questions);
    }

    [Fact]
    public void A_credential_without_a_password_says_where_it_is_taken_from()
    {
        var run = Run.Of("Test-Binding", "-Credential", "bob");
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("OPSRUNBOOK_PASSWORD", run.Error, StringComparison.Ordinal);
        Assert.Contains("[Credential.NoPassword]", run.Error, StringComparison.Ordinal);
    }
}
