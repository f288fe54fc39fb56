# What a cmdlet owes the pipeline it runs in, shown on real connections.
BeforeAll {
    Import-Module "$PSScriptRoot/../../OpsRunbook.psd1" -Force

    # Accepts connections and never answers. A connection that the other end closed reads as zero bytes.
    class SilentServer {
        [System.Net.Sockets.TcpListener]$Listener
        [System.Collections.Generic.List[System.Net.Sockets.Socket]]$Clients = [System.Collections.Generic.List[System.Net.Sockets.Socket]]::new()
        [int]$Port

        SilentServer() {
            $this.Listener = [System.Net.Sockets.TcpListener]::new([System.Net.IPAddress]::Loopback, 0)
            $this.Listener.Start(100)
            $this.Port = $this.Listener.LocalEndpoint.Port
        }

        [void] Accept() {
            while ($this.Listener.Pending()) {
                $this.Clients.Add($this.Listener.AcceptSocket())
            }
        }

        # Waits until so many connections came in.
        [bool] WaitFor([int]$Count) {
            foreach ($attempt in 1..200) {
                $this.Accept()
                if ($this.Clients.Count -ge $Count) { return $true }
                [System.Threading.Thread]::Sleep(25)
            }

            return $false
        }

        # True when the other end has closed every connection that ever came in.
        [bool] AllClosed() {
            foreach ($attempt in 1..200) {
                $this.Accept()
                $open = 0
                foreach ($client in $this.Clients) { if (-not $this.IsClosed($client)) { $open++ } }
                if ($open -eq 0) { return $true }
                [System.Threading.Thread]::Sleep(25)
            }

            return $false
        }

        [bool] IsClosed([System.Net.Sockets.Socket]$Socket) {
            try {
                # What the client sent is read away; a readable socket without bytes has ended.
                while ($Socket.Poll(0, [System.Net.Sockets.SelectMode]::SelectRead)) {
                    if ($Socket.Receive([byte[]]::new(65536)) -eq 0) { return $true }
                }

                return $false
            }
            catch [System.Net.Sockets.SocketException] {
                return $true
            }
        }

        [void] Close() {
            $this.Listener.Stop()
            foreach ($client in $this.Clients) { $client.Dispose() }
        }
    }
}

Describe 'A pipeline that wants no more' {
    It 'leaves no connection open after Select-Object -First 1' {
        $server = [SilentServer]::new()
        try {
            $uris = @("tcp://127.0.0.1:$($server.Port)") + (1..5 | ForEach-Object { "http://127.0.0.1:$($server.Port)/$_" })
            $clock = [System.Diagnostics.Stopwatch]::StartNew()
            $first = Test-Endpoint -Uri $uris -Timeout 60s | Select-Object -First 1
            $clock.Stop()
            $first.Status | Should -Be 'Healthy'
            $clock.Elapsed.TotalSeconds | Should -BeLessThan 30 -Because 'the hanging requests have a timeout of 60 s'
            $server.AllClosed() | Should -BeTrue
        }
        finally {
            $server.Close()
        }
    }

    It 'ends a hanging check when it is stopped, and closes its connection' {
        $server = [SilentServer]::new()
        $shell = [powershell]::Create()
        try {
            $null = $shell.AddScript("Import-Module '$PSScriptRoot/../../OpsRunbook.psd1'; Test-Endpoint -Uri 'http://127.0.0.1:$($server.Port)/' -Timeout 120s")
            $running = $shell.BeginInvoke()
            $server.WaitFor(1) | Should -BeTrue
            $clock = [System.Diagnostics.Stopwatch]::StartNew()
            $shell.Stop()
            $clock.Stop()
            $running.IsCompleted | Should -BeTrue
            $clock.Elapsed.TotalSeconds | Should -BeLessThan 12 -Because 'a tenth of the timeout is already not prompt'
            $server.AllClosed() | Should -BeTrue
        }
        finally {
            $shell.Dispose()
            $server.Close()
        }
    }

    It 'emits objects as they are ready' {
        $server = [SilentServer]::new()
        try {
            $arrivals = @("http://127.0.0.1:$($server.Port)/", "tcp://127.0.0.1:$($server.Port)") |
                Test-Endpoint -Timeout 3s |
                ForEach-Object { [pscustomobject]@{ Uri = $_.Uri; At = [System.Diagnostics.Stopwatch]::GetTimestamp() } }
            $arrivals.Count | Should -Be 2
            $arrivals[0].Uri | Should -BeLike 'tcp:*'
            [System.Diagnostics.Stopwatch]::GetElapsedTime($arrivals[0].At, $arrivals[1].At).TotalSeconds | Should -BeGreaterThan 1
        }
        finally {
            $server.Close()
        }
    }
}

Describe 'Errors' {
    It 'are records with id, category, target and next step' {
        $record = $null
        try { Get-OpsStack -Stack "$TestDrive/none.yaml" } catch { $record = $_ }
        $record.FullyQualifiedErrorId | Should -BeLike 'Stack.NotFound,*'
        $record.CategoryInfo.Category | Should -Be 'ObjectNotFound'
        $record.TargetObject | Should -Not -BeNullOrEmpty
        $record.Exception.NextStep | Should -Not -BeNullOrEmpty
        # It is part of the message, and PowerShell would show a recommended action beside it.
        $record.ErrorDetails.Message | Should -BeLike "*$($record.Exception.NextStep)"
        $record.ErrorDetails.RecommendedAction | Should -BeNullOrEmpty
        $record.Exception | Should -BeOfType OpsRunbook.OpsException
    }

    It 'of one item leave the rest alone' {
        $results = 'no such scheme at all://x', 'tcp://127.0.0.1:1' | Test-Endpoint -ErrorAction SilentlyContinue -ErrorVariable failed
        $results.Count | Should -Be 1
        $failed.Count | Should -Be 1
    }

    It 'end the command under -ErrorAction Stop' {
        { 'no such scheme at all://x' | Test-Endpoint -ErrorAction Stop } | Should -Throw
    }

    It 'are silent under -ErrorAction Ignore' {
        $Error.Clear()
        $null = 'no such scheme at all://x' | Test-Endpoint -ErrorAction Ignore
        $Error.Count | Should -Be 0
    }
}

Describe 'Changes' {
    It 'are not made under -WhatIf' {
        $path = Join-Path $TestDrive 'whatif.yaml'
        New-OpsStack -Path $path -FromCompose (New-Item "$TestDrive/compose.yaml" -Value "services:`n  db:`n    image: postgres:16`n" -Force) -WhatIf
        Test-Path $path | Should -BeFalse
    }

    It 'are asked for from the worker and made when confirmed' {
        $path = Join-Path $TestDrive 'made.yaml'
        $null = New-OpsStack -Path $path -FromCompose (New-Item "$TestDrive/compose.yaml" -Value "services:`n  db:`n    image: postgres:16`n" -Force) -Confirm:$false
        Test-Path $path | Should -BeTrue
    }

    It 'fail at once when nobody can answer' {
        $pwsh = (Get-Process -Id $PID).Path
        $compose = (New-Item "$TestDrive/compose.yaml" -Value "services:`n  db:`n    image: postgres:16`n" -Force).FullName
        $text = & $pwsh -NoProfile -NonInteractive -Command "
            Import-Module '$PSScriptRoot/../../OpsRunbook.psd1'
            try { New-OpsStack -Path '$TestDrive/asked.yaml' -FromCompose '$compose' -Confirm } catch { `$_.FullyQualifiedErrorId; `$_.ErrorDetails.Message }" 2>&1 | Out-String
        $text | Should -BeLike '*Confirm.NotInteractive*-Confirm:$false*'
        Test-Path "$TestDrive/asked.yaml" | Should -BeFalse
    }
}
