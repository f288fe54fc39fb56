using System.Globalization;
using System.Management.Automation;

namespace OpsRunbook.Cmdlets;

/// <summary>What PowerShell makes of an unquoted <c>7d</c> or <c>500MB</c>: a number that remembers its text.</summary>
internal static class NumericLiteral
{
    /// <summary>Takes an argument apart.</summary>
    /// <param name="argument">As given to the parameter.</param>
    /// <returns>The value, and the text of the literal when it is known and differs from the number's own.</returns>
    public static (object? Value, string? Text) Unwrap(object? argument)
    {
        if (argument is not PSObject wrapped)
        {
            return (argument, null);
        }

        var value = wrapped.BaseObject;
        var text = wrapped.ToString();
        return (value, value is IConvertible and not string && !string.Equals(text, Convert.ToString(value, CultureInfo.InvariantCulture), StringComparison.Ordinal) ? text : null);
    }
}
