using System.Globalization;
using System.Management.Automation;

namespace OpsRunbook.Cmdlets;

/// <summary>Lets a <see cref="TimeSpan"/> parameter take <c>500ms</c>, <c>30s</c>, <c>10m</c>, <c>7d</c>, or a bare number of seconds.</summary>
internal sealed class DurationTransformAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    public override object? Transform(EngineIntrinsics engineIntrinsics, object? inputData)
    {
        var (value, text) = NumericLiteral.Unwrap(inputData);
        if (value is null or TimeSpan)
        {
            return value;
        }

        // PowerShell reads an unquoted 7d as the decimal number 7 and 30s as a 16-bit 30; only the text tells
        // what was meant. A decimal that has lost its text may have been days, and is not taken for seconds.
        if (text is not null)
        {
            return Parse(text);
        }

        return value is decimal
            ? throw new ArgumentTransformationMetadataException(
                $"{value} is a decimal number, which is what PowerShell makes of an unquoted {value}d; write '{value}d' in quotes for days, or '{value}s' for seconds.")
            : Parse(Convert.ToString(value, CultureInfo.InvariantCulture));
    }

    private static TimeSpan Parse(string? text) => Duration.TryParse(text, out var duration)
        ? duration
        : throw new ArgumentTransformationMetadataException($"'{text}' is not a duration; write for example 500ms, 30s, 10m, 2h or 7d.");
}
