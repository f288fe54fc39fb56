namespace OpsRunbook.Cmdlets.Tests.Runner;

public sealed class ConfirmTests
{
    private const string Three = "{\"Name\":\"a\"}\n{\"Name\":\"b\"}\n{\"Name\":\"c\"}\n";

    [Fact]
    public void What_if_says_it_on_standard_error_and_does_nothing()
    {
        var run = Run.Of("Stop-Plate", "-Name", "a", "-WhatIf");
        Assert.Equal("What if: Performing the operation \"Stop plate\" on target \"a\".\n", run.Error);
        Assert.Equal(["end"], run.Lines);
        Assert.Equal(0, run.ExitCode);
    }

    [Fact]
    public void Nobody_there_to_ask_refuses_and_names_the_switch()
    {
        var run = Run.With(Three, "Stop-Plate");
        Assert.Equal(1, run.ExitCode);
        Assert.DoesNotContain("stopped", run.Out, StringComparison.Ordinal);
        Assert.Contains("[Confirm.NotInteractive]", run.Error, StringComparison.Ordinal);
        Assert.Contains("-Confirm:$false", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("stopped a,stopped b,stopped c", "y", "", "Yes")]
    [InlineData("stopped a,stopped b,stopped c", "A")]
    [InlineData("stopped b", "n", "what?", "y", "L")]
    [InlineData("", "l")]
    [InlineData("", null)]
    public void The_operator_is_asked(string stopped, params string?[]? answers)
    {
        var left = new Queue<string?>(answers ?? [null]);
        var run = Run.With(new Setting { Input = Three, Ask = (_, _) => left.Dequeue() }, "Stop-Plate");
        Assert.Equal(stopped, string.Join(',', run.Lines.SkipLast(1).Select(line => line.Replace(" Grey", string.Empty, StringComparison.Ordinal))));
        Assert.Empty(left);
    }

    [Fact]
    public void Confirm_asks_where_the_impact_alone_would_not()
    {
        var asked = 0;
        var setting = new Setting
        {
            Ask = (_, _) =>
            {
                asked++;
                return "y";
            },
        };
        _ = Run.With(setting, "Stop-Plate", "-Name", "a", "-Confirm:false");
        Assert.Equal(0, asked);
        _ = Run.With(setting, "Stop-Plate", "-Name", "a", "-Confirm");
        Assert.Equal(1, asked);
    }
}
