namespace OpsRunbook.Cmdlets.Tests.Runner;

public sealed class InputTests
{
    [Theory]
    [InlineData("{\"Name\":\"a\",\"Colour\":\"Red\"}\n{\"name\":\"b\"}\n")]
    [InlineData("[{\"Name\":\"a\",\"Colour\":\"Red\"},\n {\"Name\":\"b\"}]")]
    [InlineData("\ufeff[\n  {\n  \"Name\": \"a\", \"Colour\": \"Red\", \"Other\": [1]\n},\n{\"Name\": \"b\", \"Colour\": null}\n]\n")]
    public void Objects_are_bound_by_property_name_and_leave_nothing_to_the_next(string input) =>
        Assert.Equal(["stopped a Red", "stopped b Grey", "end"], Run.With(input, "Stop-Plate", "-Confirm:false").Lines);

    [Fact]
    public void Lines_of_text_are_bound_by_value() =>
        Assert.Equal(["Name=api", "Name=db, x"], Run.With("api\n\ndb, x\n", "Test-Binding", "-").Lines);

    [Fact]
    public void A_parameter_of_the_command_line_wins_over_the_input() =>
        Assert.Equal(["stopped a Green", "end"], Run.With("{\"Name\":\"a\",\"Colour\":\"Red\"}", "Stop-Plate", "-Colour", "Green", "-Confirm:false").Lines);

    [Fact]
    public void What_a_command_does_not_need_is_not_read() =>
        Assert.Equal(["Port=80"], Run.With("this input must not be touched", "Test-Binding", "-Port", "80").Lines);

    [Fact]
    public void Input_that_is_asked_for_and_empty_means_nothing_to_do()
    {
        var run = Run.With(string.Empty, "Stop-Plate", "-Confirm:false");
        Assert.Equal((0, "end\n", string.Empty), (run.ExitCode, run.Out, run.Error));
    }

    [Fact]
    public void One_bad_item_is_an_error_and_the_rest_goes_on()
    {
        var run = Run.With("{\"Name\":\"a\"}\n{\"Nam\":\"x\"}\n{not json\n{\"Name\":\"bad\"}\n{\"Name\":\"b\",\"Colour\":\"Blue\"}\n{\"Name\":\"c\"}\n", "Stop-Plate", "-Confirm:false");
        Assert.Equal(["stopped a Grey", "stopped c Grey", "end"], run.Lines);
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("Line 3 of standard input is not JSON", run.Error, StringComparison.Ordinal);
        Assert.Equal(2, run.Error.Split("[Input.NotBound]").Length - 1);
        Assert.Contains("[Plate.Bad]", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Error_action_stop_ends_at_the_first()
    {
        var run = Run.With("bad\nx\n", "Stop-Plate", "-Name", "bad", "-ErrorAction", "Stop");
        Assert.Equal(1, run.ExitCode);
        Assert.DoesNotContain("end", run.Out, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("SilentlyContinue", 1)]
    [InlineData("Ignore", 0)]
    public void Hidden_errors_print_nothing(string action, int exitCode)
    {
        var run = Run.Of("Stop-Plate", "-Name", "bad", "-ea", action);
        Assert.Equal((exitCode, string.Empty), (run.ExitCode, run.Error));
    }

    [Fact]
    public void Health_results_survive_the_way_through_json()
    {
        var written = Run.Of("Get-TestHealth", "Critical,Healthy", "-OutputFormat", "NdJson");
        var again = Run.With(written.Out, "Copy-Plate", "-OutputFormat", "NdJson");
        Assert.Equal(written.Out, again.Out);
        Assert.Equal(2, again.ExitCode);
    }
}
